package main

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	cronForm = regexp.MustCompile(`^(\S+\s+){4,5}\S+$`)
)

// variablesOf looks at the environment as the image's program does: what it must have, and what it cannot read.
func (contract *Contract) variablesOf(environment []string) error {
	given := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		given[name] = value
	}
	for name, variable := range contract.Variables {
		if variable.Required && !strings.Contains(name, "*") && given[name] == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	for name, value := range given {
		variable, known := contract.variable(name)
		if !known || value == "" {
			continue
		}
		if err := variable.fits(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (contract *Contract) variable(name string) (Variable, bool) {
	if found, known := contract.Variables[name]; known {
		return found, true
	}
	for pattern, found := range contract.Variables {
		if matched, _ := path.Match(pattern, name); matched && strings.Contains(pattern, "*") {
			return found, true
		}
	}
	return Variable{}, false
}

func (variable Variable) fits(value string) error {
	if len(variable.Values) > 0 {
		if slices.Contains(variable.Values, value) {
			return nil
		}
		return fmt.Errorf("%q is none of %s", value, strings.Join(variable.Values, ", "))
	}
	fits := true
	switch variable.Form {
	case "number", "seconds", "milliseconds":
		_, err := strconv.ParseFloat(value, 64)
		fits = err == nil
	case "switch":
		fits = slices.Contains([]string{"true", "false", "on", "off", "y", "n", "yes", "no", "0", "1"}, strings.ToLower(value))
	case "host":
		fits = hostForm.MatchString(value)
	case "port":
		fits = isPort(value)
	case "address":
		fits = isAddress(value)
	case "addresses":
		for _, one := range strings.Split(value, ",") {
			fits = fits && isAddress(strings.TrimSpace(one))
		}
	case "url":
		found, err := url.Parse(value)
		fits = err == nil && found.Scheme != "" && (found.Host != "" || found.Opaque != "")
	case "path":
		fits = !strings.ContainsRune(value, 0)
	case "cron":
		fits = cronForm.MatchString(value)
	}
	if !fits {
		return fmt.Errorf("%q is no %s", value, variable.Form)
	}
	return nil
}

func isPort(value string) bool {
	number, err := strconv.Atoi(value)
	return err == nil && number > 0 && number < 65536
}

func isAddress(value string) bool {
	host, port, found := strings.Cut(value, ":")
	return found && hostForm.MatchString(host) && isPort(port)
}

// filled is a template with its ${NAME} replaced; an error names a variable that is not set.
func filled(template string) (string, error) {
	var missing string
	text := os.Expand(template, func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("%s is not set", missing)
	}
	return text, nil
}
