package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// check is what the image does before it works: variables, files, whom it needs.
func check([]string) error {
	contract, err := readContract()
	if err != nil {
		return err
	}
	return contract.start()
}

func (contract *Contract) start() error {
	for _, step := range []func() error{
		contract.user,
		func() error { return contract.variablesOf(os.Environ()) },
		contract.writeAtStart,
		contract.callAtStart,
	} {
		if err := step(); err != nil {
			return ended{err, max(contract.ExitCode, 1)}
		}
	}
	return nil
}

// user: some images can be run by nobody but their own.
func (contract *Contract) user() error {
	own := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if len(contract.Users) > 0 && !slices.Contains(contract.Users, own) {
		return fmt.Errorf("user %s cannot run it: %s can", own, strings.Join(contract.Users, ", "))
	}
	return nil
}

// run is the image's program: it starts, listens, writes and calls as the contract says, until a signal ends it.
func run(arguments []string) error {
	contract, err := readContract()
	if err != nil {
		return err
	}
	failed := make(chan error)
	if contract.ListensFirst {
		if err := contract.listen(arguments, failed); err != nil {
			return err
		}
	}
	signals := contract.signals()
	if err := contract.start(); err != nil {
		return err
	}
	if !contract.ListensFirst && len(contract.Serve) == 0 {
		if err := contract.listen(arguments, failed); err != nil {
			return err
		}
	}
	child, err := contract.serve(failed)
	if err != nil {
		return err
	}
	log.Printf("done: %s started as user %d:%d", contract.Image, os.Getuid(), os.Getgid())
	go contract.writeLater()
	go contract.callLater()
	for {
		select {
		case err := <-failed:
			return err
		case found := <-signals:
			if found == syscall.SIGTERM && slices.Contains(contract.Ignores, "TERM") {
				continue
			}
			log.Printf("done: %v", found)
			if child != nil {
				child.Signal(found)
				<-failed
			}
			return nil
		}
	}
}

func (contract *Contract) signals() chan os.Signal {
	found := make(chan os.Signal, 1)
	signal.Notify(found, syscall.SIGTERM, syscall.SIGINT)
	return found
}

func (contract *Contract) serve(failed chan error) (*os.Process, error) {
	if len(contract.Serve) == 0 {
		return nil, nil
	}
	child := exec.Command(contract.Serve[0], contract.Serve[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := child.Wait()
		if err == nil {
			err = errors.New("ended")
		}
		failed <- fmt.Errorf("%s: %w", contract.Serve[0], err)
	}()
	return child.Process, nil
}

var portInValue = regexp.MustCompile(`(?:^|:)(\d+)(?:/|\s|$)`)

// ports on which it listens, after the variables and arguments that move them.
func (open Open) ports(arguments []string) []int {
	value := ""
	if open.Variable != "" {
		value = os.Getenv(open.Variable)
	}
	for index, argument := range arguments {
		if open.Argument == "" || !strings.HasPrefix(argument, open.Argument) {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(argument, open.Argument), "=")
		if rest == "" && index+1 < len(arguments) {
			rest = arguments[index+1]
		}
		value = rest
	}
	var found []int
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
		if matched := portInValue.FindStringSubmatch(part); matched != nil {
			number, _ := strconv.Atoi(matched[1])
			if number > 0 {
				found = append(found, number)
			}
		}
	}
	if len(found) == 0 && open.Port != 0 {
		found = []int{open.Port}
	}
	return found
}

// listen opens every port; on each, the paths that the image answers without a token are answered.
func (contract *Contract) listen(arguments []string, failed chan error) error {
	for _, open := range contract.Opens {
		if open.Protocol == "UDP" {
			continue
		}
		for _, port := range open.ports(arguments) {
			listener, err := listenOn(port)
			if err != nil {
				return err
			}
			log.Printf("done: listening on %d", port)
			handler := contract.answers(open)
			if contract.Role == "topics" {
				handler = contract.topics()
			}
			go func() { failed <- http.Serve(listener, handler) }()
		}
	}
	return nil
}

func (contract *Contract) answers(open Open) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		for _, write := range contract.Writes {
			if write.Grows != nil && slices.Contains([]string{"call", "request"}, write.Grows.Per) {
				if err := grow(contract.place(write), write.Grows.Bytes); err != nil {
					log.Printf("failed: %v", err)
				}
			}
		}
		writer.Header().Set("Content-Type", "application/json")
		if !slices.Contains(open.HTTP, request.URL.Path) {
			writer.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(writer, `{"stand-in": %q, "status": "ok"}`, contract.Image)
	})
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
}
