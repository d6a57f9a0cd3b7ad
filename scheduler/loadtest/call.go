package loadtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// call runs a job and counts what became of it.
func (s *stageRun) call(ctx context.Context, next Send) {
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	f := s.r.fixtures[next.Kind]
	t := f.task(next, s.start)
	if next.Cancel > 0 {
		own, stop := context.WithCancel(ctx)
		ctx = own
		defer stop()
		defer time.AfterFunc(next.Cancel, stop).Stop()
	}
	sent := time.Since(s.start)
	s.tally.send(sent-next.At, s.r.cfg.Late)
	s.sent.Add(1)
	storeMax(&s.lastAt, int64(sent))
	err := s.r.cfg.Doer.Do(ctx, t.job)
	ended := time.Since(s.start)

	o := outcomeOf(err, next.Cancel > 0 || s.wasInterrupted(), next.Invalid)
	s.r.checks.ended(t, err, o)
	if held := (*job.HeldError)(nil); !errors.As(err, &held) {
		f.giveBack(t.result)
	}
	if next.At < s.r.cfg.Warmup {
		s.tally.warmed()
		return
	}
	s.tally.end(next.Kind, next.Tenant, f.kind.work(), o, ended-next.At, ended-sent)
}

func (s *stageRun) wasInterrupted() bool {
	select {
	case <-s.interrupted:
		return true
	default:
		return false
	}
}

func storeMax(a *atomic.Int64, v int64) {
	for {
		was := a.Load()
		if was >= v || a.CompareAndSwap(was, v) {
			return
		}
	}
}
