package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writable finds out whether a file can be written, before minutes are spent on
// what would be in it.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory; allowed: a file", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s could not be written: %w", path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
