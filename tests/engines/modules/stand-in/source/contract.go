package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The contract of this image, put into it by tests/rehearsal/images.
const contractFile = "/opt/stand-in/contract.json"

// Write is a place that the image's program writes to.
type Write struct {
	Path      string
	When      string // start or later
	MovedBy   string `json:"moved_by"`
	MovedPath string `json:"moved_path"`
	Grows     *Growth
	File      string
}

// Growth of a file that nothing of the image ever shortens.
type Growth struct {
	Bytes int64
	Per   string
}

// Open is a port on which it listens.
type Open struct {
	Port     int
	Protocol string
	Variable string
	Argument string
	HTTP     []string
}

// Variable that it reads.
type Variable struct {
	Form     string
	Values   []string
	Required bool
}

// Call to another service.
type Call struct {
	Service      string
	Port         int
	Variable     string
	PortVariable string `json:"port_variable"`
	When         string // start, later or once
	Without      string // dies, waits or goes on
}

// Login says how the image logs in to PostgreSQL; each is a template in which ${NAME} is a variable.
type Login struct {
	Address, User, Password, Database string
}

// Contract is what is known of the image, and how this image starts it.
type Contract struct {
	Image     string
	Homes     map[string]string
	Writes    []Write
	Opens     []Open
	Variables map[string]Variable
	Calls     []Call
	// Ignores are signals that do not end it.
	Ignores []string
	// Users that can run it, as user:group; none: anybody.
	Users []string
	// Role: topics, where it answers as data-broker does.
	Role string
	// Logins to PostgreSQL and RabbitMQ, tried in place of a bare connection.
	Logins []Login
	AMQP   string
	// Serve is the program that answers on the ports; without one every port answers as `Opens` says.
	Serve []string
	// ListensFirst: it opens its ports before it has reached whom it calls.
	ListensFirst bool `json:"listens_first"`
	// ExitCode with which it ends where it cannot start.
	ExitCode int `json:"exit_code"`
}

func readContract() (*Contract, error) {
	path := contractFile
	if named := os.Getenv("STAND_IN_CONTRACT"); named != "" {
		path = named
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("this image has no contract: %w", err)
	}
	found := &Contract{}
	if err := json.Unmarshal(content, found); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// home as the image's passwd has it; HOME wins, and a user that passwd does not know has the root.
func (contract *Contract) home() string {
	if home := os.Getenv("HOME"); home != "" && home != "/" {
		return home
	}
	if home, known := contract.Homes[strconv.Itoa(os.Getuid())]; known {
		return home
	}
	return "/"
}

// place where it writes, after the variable that names another one.
func (contract *Contract) place(write Write) string {
	path := write.Path
	if moved := os.Getenv(write.MovedBy); write.MovedBy != "" && moved != "" {
		path = moved + write.MovedPath
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = contract.home() + path[1:]
	}
	return path
}

// ended is an error with the code that the image's program ends with.
type ended struct {
	error
	code int
}

func exitCode(err error) int {
	var found ended
	if errors.As(err, &found) {
		return found.code
	}
	return 1
}
