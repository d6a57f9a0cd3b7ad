package scheduler

import (
	"context"
	"sync"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Outbox is jobs that were accepted and not handed over yet: those of one
// scheduler go together, which costs less. Whoever is about to wait while it has
// some hands them over before, since what is waited for may be theirs to give. One
// goroutine uses it; the zero Outbox is empty.
type Outbox struct{ trays []tray }

// tray is the jobs for one scheduler.
type tray struct {
	to    *Scheduler
	tasks []*actors.Task
}

var outboxes = sync.Pool{New: func() any { return new(Outbox) }}

// Submit has a scheduler accept a job or refuse it.
func (o *Outbox) Submit(ctx context.Context, s *Scheduler, e *Each) {
	t := actors.NewTask()
	t.Keep = true
	if e.Err = s.accept(ctx, t, e.Job, true, o); e.Err == nil {
		e.Handle = job.HandleOf(&t.Life)
		o.add(s, t)
	}
}

func (o *Outbox) add(s *Scheduler, t *actors.Task) {
	for i := range o.trays {
		if y := &o.trays[i]; y.to == s {
			y.tasks = append(y.tasks, t)
			return
		}
	}
	if n := len(o.trays); n < cap(o.trays) { // with its memory from before
		o.trays = o.trays[:n+1]
	} else {
		o.trays = append(o.trays, tray{})
	}
	y := &o.trays[len(o.trays)-1]
	y.to, y.tasks = s, append(y.tasks, t)
}

// recycle hands over what it has and keeps its memory for another.
func (o *Outbox) recycle() {
	o.HandOver()
	outboxes.Put(o)
}

// HandOver hands all of them over. A nil Outbox has none.
func (o *Outbox) HandOver() {
	if o == nil {
		return
	}
	for i := range o.trays {
		y := &o.trays[i]
		y.to.engine.SubmitAll(y.tasks)
		clear(y.tasks)
		y.to, y.tasks = nil, y.tasks[:0]
	}
	o.trays = o.trays[:0]
}
