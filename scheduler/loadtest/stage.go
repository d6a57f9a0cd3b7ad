package loadtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// stageRun is a stage that is running. Its dispatcher is one goroutine: it
// waits for the next job or the end of the window, whichever is first.
type stageRun struct {
	r       *Runner
	stage   Stage
	index   int
	start   time.Time
	tally   *tally
	windows chan *Window
	steady  steady

	limit    atomic.Int64 // when no more jobs are sent, since the start
	inFlight atomic.Int64
	last     atomic.Pointer[Window]

	boundary time.Duration // the end of the current window
	opened   time.Duration // its start
	count    int           // of windows closed
	timer    *time.Timer

	work    chan Send
	callers int
	calls   sync.WaitGroup
	end     StageEnd
	sent    atomic.Int64
	lastAt  atomic.Int64

	interrupted <-chan struct{}
}

func newStageRun(r *Runner, st Stage, index int) *stageRun {
	s := &stageRun{
		r: r, stage: st, index: index, start: time.Now(), tally: newTally(r.cfg.Mix.Kinds),
		windows: make(chan *Window, 64), boundary: r.cfg.Window, timer: time.NewTimer(0), work: make(chan Send),
	}
	s.limit.Store(int64(st.Length))
	if r.cfg.Warmup > 0 { // it is a window of its own
		s.boundary = r.cfg.Warmup
	}
	s.boundary = min(s.boundary, st.Length)
	s.end = StageEnd{Stage: index, Name: st.Name, Rate: st.Rate, Callers: st.Callers}
	return s
}

// run sends what is due and returns when all jobs have ended.
func (s *stageRun) run(ctx context.Context) *StageEnd {
	calls, stop := context.WithCancel(ctx)
	defer stop()
	s.interrupted = ctx.Done()
	if s.stage.Callers > 0 {
		s.closedLoop(ctx, calls)
	} else {
		s.openLoop(ctx, calls)
	}
	close(s.work)
	s.drain(stop)
	s.end.Length = time.Duration(s.limit.Load())
	s.end.Sent, s.end.Last = s.sent.Load(), time.Duration(s.lastAt.Load())
	s.end.Due = max(s.end.Due, s.end.Sent)
	return &s.end
}

// openLoop sends jobs when they are due, whatever became of those before.
func (s *stageRun) openLoop(ctx, calls context.Context) {
	next, more := s.stage.Source.Next()
	for {
		for !more || s.boundary <= next.At {
			if !s.sleep(ctx, s.boundary) {
				return
			}
			if s.close(false) {
				return
			}
		}
		if !s.sleep(ctx, next.At) {
			return
		}
		s.end.Due++
		if hopeless := time.Since(s.start)-next.At > s.stage.Most; hopeless {
			s.countRest(next)
			return
		}
		if !s.send(calls, next) {
			return
		}
		next, more = s.stage.Source.Next()
	}
}

// countRest counts the jobs that will not be sent because the generator is too
// far behind.
func (s *stageRun) countRest(next Send) {
	for more := true; more && next.At < time.Duration(s.limit.Load()); next, more = s.stage.Source.Next() {
		s.end.Due++
	}
}

// send hands a job to a caller, to a new one if all have work.
func (s *stageRun) send(ctx context.Context, next Send) bool {
	select {
	case s.work <- next:
		return true
	default:
	}
	if s.callers < s.r.cfg.InFlight {
		s.callers++
		s.calls.Go(func() {
			s.call(ctx, next)
			for next := range s.work {
				s.call(ctx, next)
			}
		})
		return true
	}
	s.end.Waited++
	select {
	case s.work <- next:
		return true
	case <-ctx.Done():
		return false
	}
}

// closedLoop lets every caller send a job when its last has ended.
func (s *stageRun) closedLoop(ctx, calls context.Context) {
	for i := range s.stage.Callers {
		dice := newDice(s.r.cfg.Seed, diceCallers+uint64(i))
		s.calls.Go(func() {
			for calls.Err() == nil {
				next := s.r.cfg.Mix.draw(dice)
				if next.At = time.Since(s.start); next.At >= time.Duration(s.limit.Load()) {
					return
				}
				s.call(calls, next)
			}
		})
	}
	for s.sleep(ctx, s.boundary) && !s.close(false) {
	}
}

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

// drain waits for the jobs in flight, and gives them up when they take too long.
func (s *stageRun) drain(giveUp func()) {
	done := make(chan struct{})
	go func() {
		s.calls.Wait()
		close(done)
	}()
	late := time.NewTimer(s.r.cfg.Drain)
	defer late.Stop()
	ticks := time.NewTicker(s.r.cfg.Window)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			s.close(true)
			return
		case <-ticks.C:
			s.close(true)
		case <-late.C:
			giveUp()
		}
	}
}

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
	d := until - time.Since(s.start)
	if d <= 0 {
		return ctx.Err() == nil
	}
	s.timer.Reset(d)
	select {
	case <-s.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
