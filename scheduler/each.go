package scheduler

import (
	"context"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Each is one of many jobs for SubmitEach, and what became of it there: a
// Handle, or why it was refused.
type Each struct {
	Job    job.Job
	Handle job.Handle
	Err    error // as of Submit
}

// SubmitEach hands over many jobs at once, each accepted or refused on its
// own. When ctx ends those that were accepted are cancelled. It costs less
// than as many calls of Submit. Jobs with Options.Wait make those after them
// wait, too; those before them run meanwhile.
func (s *Scheduler) SubmitEach(ctx context.Context, each []Each) {
	l := lots.Get().(*lot)
	defer l.recycle()
	for i := range each {
		e, t := &each[i], actors.NewTask()
		t.Keep = true
		if len(l.tasks) > 0 && e.Job != nil && job.OptionsOf(e.Job).Wait {
			s.engine.SubmitAll(l.tasks) // the room may be theirs to give
			clear(l.tasks)
			l.tasks = l.tasks[:0]
		}
		if e.Err = s.accept(ctx, t, e.Job, true); e.Err == nil {
			e.Handle = job.HandleOf(&t.Life)
			l.tasks = append(l.tasks, t)
		}
	}
	if len(l.tasks) > 0 {
		s.engine.SubmitAll(l.tasks)
	}
}
