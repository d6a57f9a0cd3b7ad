package job

import (
	"context"
	"errors"
	"sync/atomic"
)

// Group is many jobs that are waited for together.
type Group struct {
	left atomic.Int64
	done chan struct{}
}

// NewGroup returns an empty group.
func NewGroup() *Group { return &Group{done: make(chan struct{}, 1)} }

// Expect adds n jobs that will belong to the group. It must not be called
// while another goroutine waits.
func (g *Group) Expect(n int) { g.left.Add(int64(n)) }

// Forget takes back n expected jobs that were never accepted.
func (g *Group) Forget(n int) { g.ended(n) }

func (g *Group) ended(n int) {
	if g != nil && n > 0 && g.left.Add(-int64(n)) == 0 {
		g.done <- struct{}{}
	}
}

// Wait returns when every expected job has ended, or with the context's error.
// One goroutine may wait, once for each time jobs were expected.
func (g *Group) Wait(ctx context.Context) error {
	if ctx.Done() == nil {
		<-g.done
		return nil
	}
	select {
	case <-g.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Errors joins the errors of jobs that did not end Done; nil if all did.
func Errors(handles []Handle) error {
	var errs []error
	for _, h := range handles {
		if err := h.Err(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
