package loadtest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
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
	s.end = StageEnd{Stage: index, Name: st.Name, Rate: st.Rate, Callers: st.Callers, UntilStable: st.Most > st.Length}
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
		if hopeless := time.Since(s.start)-next.At > max(s.stage.Most, time.Second); hopeless {
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
