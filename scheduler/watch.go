package scheduler

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// watch ends a job when its deadline passes or its context ends, whatever
// state the job is in.
type watch struct {
	deadline *time.Timer                 // nil for none
	context  atomic.Pointer[func() bool] // stops following, nil for none
}

// watch starts to watch over an admitted job that has not been handed to the
// engine. A caller that waits on the context itself does not have it followed.
func (s *Scheduler) watch(ctx context.Context, t *actors.Task, o *job.Options, follow bool) {
	follow = follow && ctx.Done() != nil
	if o.Deadline.IsZero() && !follow {
		return
	}
	t.Keep = true // the timer or the context may look at the job after its end
	w := &watch{}
	if !o.Deadline.IsZero() {
		w.deadline = time.AfterFunc(never, func() { t.End(job.Expired, job.ErrExpired) })
	}
	t.OnEnd(w.stop) // before anything can end the job
	if w.deadline != nil {
		w.deadline.Reset(time.Until(o.Deadline))
	}
	if follow {
		stop := context.AfterFunc(ctx, func() { t.End(job.Ending(ctx)) })
		w.context.Store(&stop)
	}
	if t.Ended() { // perhaps before there was anything to stop
		w.stop()
	}
}

// never is far enough away for a timer that is about to be set.
const never = 1 << 62

func (w *watch) stop() {
	if w.deadline != nil {
		w.deadline.Stop()
	}
	if stop := w.context.Load(); stop != nil {
		(*stop)()
	}
}
