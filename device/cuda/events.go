//go:build linux && (amd64 || arm64)

package cuda

import (
	"sync"

	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
)

// events keeps events for the next batches. Its methods want the context.
type events struct {
	context *driver.Context

	mu    sync.Mutex
	spare []*driver.Event
}

func (e *events) take() (*driver.Event, error) {
	e.mu.Lock()
	if n := len(e.spare); n > 0 {
		event := e.spare[n-1]
		e.spare = e.spare[:n-1]
		e.mu.Unlock()
		return event, nil
	}
	e.mu.Unlock()
	return e.context.NewEvent()
}

func (e *events) give(all []*driver.Event) {
	e.mu.Lock()
	e.spare = append(e.spare, all...)
	e.mu.Unlock()
}

func (e *events) close() {
	for _, event := range e.spare {
		_ = event.Close()
	}
}
