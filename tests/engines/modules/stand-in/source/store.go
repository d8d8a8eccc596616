package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

const table = "stand_in"

// keyValues in the database of the contract's last login: what the image's program would have kept there.
type keyValues struct{ connection *pgx.Conn }

// store get NAME | put NAME (text on standard input): for programs of an image that are not written in Go.
func store(arguments []string) error {
	if len(arguments) != 2 || (arguments[0] != "get" && arguments[0] != "put") {
		return ended{errors.New("usage: stand-in store get|put NAME"), 2}
	}
	contract, err := readContract()
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	kept, err := openStore(limit, contract)
	if err != nil {
		return err
	}
	defer kept.close(limit)
	if arguments[0] == "get" {
		text, err := kept.get(limit, arguments[1])
		fmt.Print(text)
		return err
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	return kept.put(limit, arguments[1], string(text))
}

func openStore(limit context.Context, contract *Contract) (*keyValues, error) {
	if len(contract.Logins) == 0 {
		return nil, errors.New("the contract names no login to PostgreSQL")
	}
	login := contract.Logins[len(contract.Logins)-1]
	address, err := filled(login.Address)
	if err != nil {
		return nil, err
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, "5432")
	}
	connection, err := login.connect(limit, address)
	if err != nil {
		return nil, err
	}
	_, err = connection.Exec(limit, "create table if not exists "+table+" (name text primary key, content text)")
	return &keyValues{connection}, err
}

func (kept *keyValues) get(limit context.Context, name string) (string, error) {
	var text string
	err := kept.connection.QueryRow(limit, "select content from "+table+" where name = $1", name).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return text, err
}

func (kept *keyValues) put(limit context.Context, name, text string) error {
	_, err := kept.connection.Exec(limit, "insert into "+table+" values ($1, $2) on conflict (name) do update set content = $2", name, text)
	return err
}

func (kept *keyValues) close(limit context.Context) {
	kept.connection.Close(limit)
}
