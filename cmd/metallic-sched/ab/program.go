package ab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Program is what one side runs.
type Program struct {
	Path     string   `json:"path"`
	Args     []string `json:"args"`
	Settings []string `json:"settings"` // NAME=VALUE, on top of this process's
}

// RunError is a run that failed.
type RunError struct {
	Side Side
	Err  error
	Said string // the end of what it wrote to standard error
}

func (e *RunError) Error() string {
	said := ""
	if e.Said != "" {
		said = "; it said: " + e.Said
	}
	return fmt.Sprintf("ab: a run of %v: %v%s", e.Side, e.Err, said)
}

func (e *RunError) Unwrap() error { return e.Err }

const (
	patience = 5 * time.Second // for a process that was told to end
	mostSaid = 2000            // bytes of a failed run's complaints
)

// Run starts a new process and returns what it prints.
func (p *Program) Run(ctx context.Context, timeout time.Duration) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, p.Path, p.Args...)
	cmd.Env = append(os.Environ(), p.Settings...)
	cmd.WaitDelay = patience
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		err = fmt.Errorf("it did not end within %v (see --timeout)", timeout)
	}
	text := strings.TrimSpace(said.String())
	return nil, &RunError{Err: err, Said: text[max(0, len(text)-mostSaid):]}
}

// String is the program as a person would start it.
func (p *Program) String() string {
	return strings.Join(append(append(append([]string{}, p.Settings...), p.Path), p.Args...), " ")
}
