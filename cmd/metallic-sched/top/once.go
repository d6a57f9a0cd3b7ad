package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Once writes one frame of plain text, of 80x24, about what happens in an
// interval.
func Once(ctx context.Context, w *Watch, interval time.Duration, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	listening := make(chan struct{})
	go w.Follow(ctx, func() { close(listening) })
	select {
	case <-listening:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s := w.Look(ctx); s.Problem != "" {
		return errors.New(s.Problem)
	}
	select {
	case <-time.After(interval):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s := w.Look(ctx)
	if s.Problem != "" {
		return errors.New(s.Problem)
	}
	lines := Frame(&s, 80, 24)
	for _, line := range lines[:len(lines)-1] { // nobody can type q
		if _, err := fmt.Fprintln(out, strings.TrimRight(line.Text, " ")); err != nil {
			return err
		}
	}
	return nil
}
