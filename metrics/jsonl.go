package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// JSONL writes each Decision and Event as one line of JSON, from its own
// goroutine. Its methods may be called from any goroutine.
type JSONL struct{ stream }

// NewJSONL returns a recorder that writes to w and owns it. capacity is how
// many records may wait for w; those beyond are dropped and counted.
func NewJSONL(w io.WriteCloser, capacity int) *JSONL {
	j := &JSONL{}
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
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return NewJSONL(f, capacity), nil
}

// Trace queues a copy of e, or drops and counts it when the queue is full or
// closed.
func (j *JSONL) Trace(e *Event) {
	item := j.pool.Get().(*entry)
	item.isEvent = true
	item.event.copyFrom(e)
	j.offer(item)
}
