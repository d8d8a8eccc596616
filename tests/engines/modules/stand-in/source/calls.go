package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	callTimeout = 5 * time.Second
	// How long one that dies without whom it calls goes on trying: about what dojot's own programs do.
	patience = 30 * time.Second
	retry    = 2 * time.Second
	later    = time.Minute
)

// addresses that a call goes to: what the variable says, else the service's name.
func (call Call) addresses() []string {
	host, port := call.Service, strconv.Itoa(call.Port)
	if named := os.Getenv(call.PortVariable); call.PortVariable != "" && named != "" {
		port = named
	}
	value := os.Getenv(call.Variable)
	if call.Variable == "" || value == "" {
		return []string{net.JoinHostPort(host, port)}
	}
	value = strings.TrimPrefix(value, "jdbc:")
	if strings.Contains(value, "://") {
		found, err := url.Parse(value)
		if err != nil {
			return []string{value}
		}
		if found.Port() != "" {
			port = found.Port()
		} else if call.PortVariable == "" && call.Port == 0 {
			port = map[string]string{"http": "80", "https": "443"}[found.Scheme]
		}
		return []string{net.JoinHostPort(found.Hostname(), port)}
	}
	var found []string
	for _, one := range strings.Split(value, ",") {
		one, _, _ = strings.Cut(strings.TrimSpace(one), "/")
		if strings.Contains(one, ":") {
			found = append(found, one)
		} else {
			found = append(found, net.JoinHostPort(one, port))
		}
	}
	return found
}

// reach asks whom the call goes to for a sign of life in its own protocol; the first that gives one will do.
func (contract *Contract) reach(call Call) error {
	var last error
	for _, address := range call.addresses() {
		if last = contract.ask(call, address); last == nil {
			return nil
		}
	}
	return last
}

func (contract *Contract) ask(call Call, address string) error {
	limit, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(limit, "tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(callTimeout))
	switch call.Port {
	case 5432:
		for _, login := range contract.Logins {
			if err := login.try(limit, address); err != nil {
				return err
			}
		}
	case 5672:
		return contract.askRabbit()
	case 6379:
		return askRedis(connection)
	case 9092:
		return askKafka(limit, address)
	case 2181:
		return expect(connection, "srvr", "Zook")
	}
	return nil
}

func (login Login) try(limit context.Context, address string) error {
	connection, err := login.connect(limit, address)
	if err != nil {
		return err
	}
	return connection.Close(limit)
}

func (login Login) connect(limit context.Context, address string) (*pgx.Conn, error) {
	var parts []string
	for _, template := range []string{login.User, login.Password, login.Database} {
		text, err := filled(template)
		if err != nil {
			return nil, err
		}
		parts = append(parts, text)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	settings, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	settings.Host, settings.Port = host, uint16(number)
	settings.User, settings.Password, settings.Database = parts[0], parts[1], parts[2]
	return pgx.ConnectConfig(limit, settings)
}

func (contract *Contract) askRabbit() error {
	if contract.AMQP == "" {
		return nil
	}
	address, err := filled(contract.AMQP)
	if err != nil {
		return err
	}
	connection, err := amqp.DialConfig(address, amqp.Config{Dial: amqp.DefaultDial(callTimeout)})
	if err != nil {
		return err
	}
	return connection.Close()
}

func askRedis(connection net.Conn) error {
	return expect(connection, "PING\r\n", "+PONG")
}

func askKafka(limit context.Context, addresses ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addresses...), kgo.RequestRetries(1))
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(limit)
}

func expect(connection net.Conn, question, answer string) error {
	if _, err := connection.Write([]byte(question)); err != nil {
		return err
	}
	found := make([]byte, len(answer))
	if _, err := bufio.NewReader(connection).Read(found); err != nil {
		return err
	}
	if string(found) != answer {
		return fmt.Errorf("answered %q", found)
	}
	return nil
}

// callAtStart calls as the image does before it works; nil as soon as it would go on.
func (contract *Contract) callAtStart() error {
	for _, call := range contract.Calls {
		if call.When != "start" || (call.Without != "dies" && call.Without != "waits") {
			continue
		}
		end := time.Now().Add(patience)
		for told := false; ; {
			err := contract.reach(call)
			if err == nil {
				break
			}
			if !told {
				log.Printf("waiting: %s: %v", call.Service, err)
				told = true
			}
			if call.Without != "waits" && time.Now().After(end) {
				return fmt.Errorf("cannot reach %s: %w", call.Service, err)
			}
			time.Sleep(retry)
		}
		log.Printf("done: reached %s", call.Service)
	}
	return nil
}

// callLater goes on calling, and tells when an answer changes.
func (contract *Contract) callLater() {
	answers := map[string]string{}
	for {
		for _, call := range contract.Calls {
			if call.When == "later" || (call.When == "once" && answers[call.Service] != "") {
				continue
			}
			said := "reached"
			if err := contract.reach(call); err != nil {
				said = err.Error()
			}
			if answers[call.Service] != said {
				log.Printf("%s: %s", call.Service, said)
				answers[call.Service] = said
			}
		}
		time.Sleep(later)
	}
}
