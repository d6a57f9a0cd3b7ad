package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writable finds out whether a file can be replaced by another, before minutes are
// spent on what would be in it.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errDirectory(path)
	}
	return creatable(path)
}

// writableInPlace is for a file that is written where it is. A pipe that somebody
// reads is not opened: it would end with that.
func writableInPlace(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return creatable(path)
	case info.IsDir():
		return errDirectory(path)
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return errNotWritten(path, err)
	}
	return f.Close()
}

// creatable finds out whether a file can be made where path is.
func creatable(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return errNotWritten(path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func errDirectory(path string) error { return fmt.Errorf("%s is a directory; allowed: a file", path) }

func errNotWritten(path string, err error) error {
	return fmt.Errorf("%s could not be written: %w", path, err)
}
