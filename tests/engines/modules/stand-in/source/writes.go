package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What it writes beside files that grow is replaced each time.
const (
	mark = ".stand-in"
	pace = time.Minute
)

// writeAtStart writes wherever the image must be able to write.
func (contract *Contract) writeAtStart() error {
	for _, write := range contract.Writes {
		if write.When == "later" {
			continue
		}
		place := contract.place(write)
		if err := touch(place); err != nil {
			return fmt.Errorf("cannot write %s as user %d (%s): %w", place, os.Getuid(), write.File, err)
		}
	}
	return nil
}

// writeLater goes on writing at its pace: files that grow by request grow here once in a while.
func (contract *Contract) writeLater() {
	for range time.Tick(pace) {
		for _, write := range contract.Writes {
			place := contract.place(write)
			err := touch(place)
			if write.Grows != nil {
				err = grow(place, write.Grows.Bytes)
			}
			if err != nil {
				log.Printf("failed: cannot write %s: %v", place, err)
			}
		}
	}
}

// touch writes into a folder, made where it is missing, or to a file.
func touch(place string) error {
	if strings.Contains(place, "*") {
		place = filepath.Dir(place)
	}
	status, err := os.Stat(place)
	if err == nil && !status.IsDir() {
		file, err := os.OpenFile(place, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return file.Close()
	}
	// What does not exist and has a suffix will be a file.
	if err != nil && filepath.Ext(place) != "" && !strings.HasPrefix(filepath.Base(place), ".") {
		file, err := os.OpenFile(place, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		return file.Close()
	}
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	file := filepath.Join(place, mark)
	if err := os.WriteFile(file, []byte(time.Now().String()), 0o644); err != nil {
		return err
	}
	return os.Remove(file)
}

func grow(place string, bytes int64) error {
	status, err := os.Stat(place)
	if err == nil && status.IsDir() {
		place = filepath.Join(place, "grown-by-stand-in")
	}
	file, err := os.OpenFile(place, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(make([]byte, max(bytes, 1)))
	return err
}
