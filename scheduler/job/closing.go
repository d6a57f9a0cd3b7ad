package job

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Closing is a close that happens once, however many ask for it.
type Closing struct {
	begun atomic.Bool
	over  chan struct{}
	err   error // once over is closed
}

// NewClosing returns one that has not begun.
func NewClosing() *Closing { return &Closing{over: make(chan struct{})} }

var errBroken = errors.New("job: Close panicked")

// Do closes by calling f, or waits for who does, as long as ctx allows, and
// returns the error of f. Who waited no longer gets one that wraps ErrClosed. A panic
// of f is its caller's, and an error to the others.
func (c *Closing) Do(ctx context.Context, f func() error) error {
	if err := CheckContext(ctx); err != nil {
		return err
	}
	if c.begun.CompareAndSwap(false, true) {
		defer close(c.over)
		c.err = errBroken // unless f returns
		c.err = f()
		return c.err
	}
	select {
	case <-c.over: // which comes first
		return c.err
	default:
	}
	select {
	case <-c.over:
		return c.err
	case <-ctx.Done():
		return fmt.Errorf("%w: not yet, another Close goes on: %w", ErrClosed, context.Cause(ctx))
	}
}
