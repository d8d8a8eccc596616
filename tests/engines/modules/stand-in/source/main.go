// What runs in the images of the rehearsal that no registry here has: what an image's contract says of any program,
// and for a few images what the rehearsal cannot do without.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Each is given the arguments behind its name, and ends the program with its error.
var commands = map[string]func([]string) error{
	"run":          run,
	"topics":       run,
	"check":        check,
	"certificates": certificates,
	"authority":    authority,
	"broker":       broker,
	"bridge":       bridge,
	"operator":     operator,
	"bundler":      bundler,
	"store":        store,
}

func main() {
	log.SetFlags(log.Ltime)
	name, rest := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "stand-in" {
		if len(rest) == 0 {
			usage()
		}
		name, rest = rest[0], rest[1:]
	} else {
		// Under a name of the image's own (node, minio, beam.smp ...) it is what the recipe makes of the image.
		name, rest = played(rest)
	}
	command, known := commands[name]
	if !known {
		usage()
	}
	if err := command(rest); err != nil {
		log.Printf("failed: %v", err)
		os.Exit(exitCode(err))
	}
}

// played is the command of the image's role, and the arguments that belong to it.
func played(arguments []string) (string, []string) {
	contract, err := readContract()
	if err != nil {
		log.Fatalf("failed: %v", err)
	}
	words := strings.Fields(contract.Role)
	if len(words) == 0 {
		return "run", arguments
	}
	return words[0], append(words[1:], arguments...)
}

func usage() {
	names := make([]string, 0, len(commands))
	for name := range commands {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(os.Stderr, "usage: stand-in %s\n", strings.Join(names, "|"))
	os.Exit(2)
}
