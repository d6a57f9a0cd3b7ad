package scheduler

import (
	"context"

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
// than as many calls of Submit. A job that has to wait, for room or for memory
// that its operand needs, makes those after it wait, too; those before it run
// meanwhile. told, if it is not nil, is called with the index of each as soon as it
// is accepted or refused: before SubmitEach returns the first may have ended. But
// jobs are handed over when SubmitEach has to wait, or returns: so told must wait for
// none of them, nor for room that they hold.
func (s *Scheduler) SubmitEach(ctx context.Context, each []Each, told func(i int)) {
	o := outboxes.Get().(*Outbox)
	defer o.recycle() // hands over, also what was accepted when told panics
	for i := range each {
		o.Submit(ctx, s, &each[i])
		if told != nil {
			told(i)
		}
	}
}
