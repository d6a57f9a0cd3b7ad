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
	return c.DoAfter(ctx, func() (<-chan struct{}, error) { return nil, f() }, nil)
}

// DoAfter is Do in two parts: begin returns what others close when they have let go,
// and end, whose error counts, follows then. When ctx ends first it follows all the
// same, on a goroutine of its own, and who called gets begin's error and one that
// wraps ErrClosed. What is nil is left out.
func (c *Closing) DoAfter(ctx context.Context, begin func() (free <-chan struct{}, err error), end func() error) error {
	if err := CheckContext(ctx); err != nil {
		return err
	}
	if !c.begun.CompareAndSwap(false, true) {
		return c.wait(ctx)
	}
	over := c.closeOver
	defer func() { over() }()
	c.err = errBroken // unless begin and end return
	free, err := begin()
	if end == nil {
		c.err = err
		return err
	}
	if await(ctx, free) {
		c.err = end()
		return c.err
	}
	over = func() {} // not yet
	go func() {
		defer c.closeOver()
		<-free
		c.err = end()
	}()
	return errors.Join(err, fmt.Errorf("%w: not yet, something is still in use: %w", ErrClosed, context.Cause(ctx)))
}

func (c *Closing) closeOver() { close(c.over) }

func (c *Closing) wait(ctx context.Context) error {
	if await(ctx, c.over) {
		return c.err
	}
	return fmt.Errorf("%w: not yet, another Close goes on: %w", ErrClosed, context.Cause(ctx))
}

// await reports whether done is closed before ctx ends, or as it does.
func await(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done: // which comes first
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
