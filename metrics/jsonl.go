package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// JSONL writes each Decision and Event as one line of JSON, from its own
// goroutine. Its methods may be called from any goroutine.
type JSONL struct {
	stream
	path string // "" for a writer
}

// NewJSONL returns a recorder that writes to w and owns it. capacity is how
// many records may wait for w; those beyond are dropped and counted.
func NewJSONL(w io.WriteCloser, capacity int) *JSONL { return newJSONL(w, "", capacity) }

func newJSONL(w io.WriteCloser, path string, capacity int) *JSONL {
	j := &JSONL{path: path}
	j.init(w, capacity)
	lines := json.NewEncoder(&j.page.lines)
	lines.SetEscapeHTML(false) // reasons say "N=1 <= 8"
	j.encode = func(e *entry) error {
		if e.isEvent {
			return lines.Encode(&e.event)
		}
		return lines.Encode(&e.decision)
	}
	go j.run()
	return j
}

// OpenJSONL is NewJSONL for a file, which it creates or appends to.
func OpenJSONL(path string, capacity int) (*JSONL, error) {
	f, err := openAppend(path)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return newJSONL(f, path, capacity), nil
}

func openAppend(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// Reopen opens the path of [OpenJSONL] again and goes on there, as a file that
// was renamed wants it: the old one gets whole records and is closed, and none
// is lost or in both. If the path cannot be opened all stays as it was. What is
// no file, such as a pipe, stays open.
func (j *JSONL) Reopen(ctx context.Context) error {
	if j.path == "" {
		return nil
	}
	f, err := inTime(ctx, func() (*os.File, error) {
		if info, err := os.Stat(j.path); err == nil && !info.Mode().IsRegular() {
			return nil, nil // a pipe that nobody reads would be waited for
		}
		return openAppend(j.path)
	})
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if f == nil {
		return nil
	}
	if err := j.turnTo(ctx, f); err != nil {
		return fmt.Errorf("metrics: %s: %w", j.path, err)
	}
	return nil
}

// inTime opens a file while ctx lasts: one on a disk that does not answer is closed
// when it is open after all.
func inTime(ctx context.Context, open func() (*os.File, error)) (*os.File, error) {
	if ctx.Err() != nil { // nothing is made for somebody who is gone
		return nil, context.Cause(ctx)
	}
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := open()
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		go func() {
			if o := <-done; o.f != nil {
				_ = o.f.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// Trace queues a copy of e, or drops and counts it when the queue is full or
// closed.
func (j *JSONL) Trace(e *Event) {
	item := j.pool.Get().(*entry)
	item.isEvent = true
	item.event.copyFrom(e)
	j.offer(item)
}
