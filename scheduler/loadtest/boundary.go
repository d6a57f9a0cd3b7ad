package loadtest

import (
	"context"
	"time"
)

// close ends the current window and reports whether the stage is over.
func (s *stageRun) close(drain bool) (over bool) {
	now, w := time.Since(s.start), s.tally.take()
	w.Stage, w.Index, w.Start, w.Length = s.index, s.count, s.opened, now-s.opened
	w.Warm, w.Drain, w.InFlight = s.boundary <= s.r.cfg.Warmup, drain, s.inFlight.Load()
	w.Batches = s.r.cfg.Batches()
	s.last.Store(w)
	s.windows <- w
	s.opened, s.count = now, s.count+1
	limit := time.Duration(s.limit.Load())
	if !w.Warm && !drain {
		s.steady.add(w)
	}
	if s.boundary >= limit {
		if s.steady.stable() || limit+s.r.cfg.Window > s.stage.Most || drain {
			return true
		}
		limit += s.r.cfg.Window
		s.limit.Store(int64(limit))
	}
	s.boundary = min(s.boundary+s.r.cfg.Window, limit)
	return false
}

// sleep waits for a time since the start; it returns false if ctx ends first.
func (s *stageRun) sleep(ctx context.Context, until time.Duration) bool {
	for {
		d := until - time.Since(s.start)
		switch {
		case d <= 0:
			return ctx.Err() == nil
		case d <= short && s.r.cfg.Alarm.wait(d):
			continue
		case d > short && s.r.cfg.Alarm != nil:
			d -= short / 2 // the rest is for the alarm
		}
		s.timer.Reset(d)
		select {
		case <-s.timer.C:
		case <-ctx.Done():
			return false
		}
	}
}

// short is a time for which nobody minds that ctx has ended.
const short = 4 * time.Millisecond
