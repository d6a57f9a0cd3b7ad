package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// What a record of kind place tells, besides the states of a device.
const (
	placedLoad    = "load"
	placedEvict   = "evict"
	placedRelease = "release"
)

// journal is the one recorder of all members: it counts what they record, and
// records where operands are.
type journal struct {
	next   metrics.Recorder // nil: nobody records
	tracer metrics.Tracer   // next, if it takes events
	closes bool
	opened time.Time

	mu  sync.Mutex
	seq uint64
}

func newJournal(next metrics.Recorder, closes bool) *journal {
	j := &journal{next: next, closes: closes, opened: time.Now()}
	if t, ok := next.(metrics.Tracer); ok && metrics.TakesEvents(next) {
		j.tracer = t
	}
	return j
}

// recorder returns what members record to.
func (j *journal) recorder() metrics.Recorder {
	if j.next == nil {
		return nil // not an interface around a nil
	}
	return j
}

// Record implements metrics.Recorder. The decision is the member's to write.
func (j *journal) Record(d *metrics.Decision) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	d.Seq = j.seq
	j.next.Record(d)
}

// tell records what became of a copy, or of a device if v is nil.
func (j *journal) tell(m *member, v *version, what, why string, took time.Duration) {
	if j.tracer == nil {
		return
	}
	e := metrics.Event{Kind: metrics.KindPlace, At: time.Since(j.opened), Device: m.name, Placed: what, Why: why, Took: took}
	if v != nil {
		e.Operand, e.Bytes = v.operand.id.ID, v.bytes
	}
	told := make(chan struct{})
	go j.trace(&e, told)
	<-told
}

// trace calls the tracer on a goroutine of its own. Whatever it does to that, panic
// or end it, the fleet goes on: others hold locks here and are waited for.
func (j *journal) trace(e *metrics.Event, told chan<- struct{}) {
	defer close(told)
	defer func() { _ = recover() }() // as a scheduler takes it
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	j.tracer.Trace(e)
}

func (j *journal) dropped() float64 {
	if d, ok := j.next.(interface{ Dropped() uint64 }); ok {
		return float64(d.Dropped())
	}
	return 0
}

// close flushes the recorder, or closes it if it is the fleet's to close.
func (j *journal) close(ctx context.Context) error {
	if j.closes {
		if c, ok := j.next.(interface{ Close(context.Context) error }); ok {
			return c.Close(ctx)
		}
	}
	if f, ok := j.next.(interface{ Flush(context.Context) error }); ok {
		return f.Flush(ctx)
	}
	return nil
}
