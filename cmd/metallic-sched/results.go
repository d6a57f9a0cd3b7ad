package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// results is where a command writes what it found. It keeps the first error:
// tables and reports are written in many places, and a command whose results are
// lost must not end with 0.
type results struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.to.Write(p)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err == nil {
			r.err = err
		}
	}
	return n, err
}

// join adds what was not written to what a command returned, unless it says so.
func (r *results) join(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || err != nil && strings.Contains(err.Error(), r.err.Error()) { // of a later write
		return err
	}
	return errors.Join(err, fmt.Errorf("the output is not complete: %w", r.err))
}

// behind returns what a command's output really is.
func behind(w io.Writer) io.Writer {
	if r, ok := w.(*results); ok {
		return r.to
	}
	return w
}
