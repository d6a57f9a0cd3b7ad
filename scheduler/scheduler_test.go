package scheduler_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func openSim(t testing.TB, cfg scheduler.Config) *scheduler.Scheduler {
	t.Helper()
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	return s
}

func balanced(t testing.TB, s *scheduler.Scheduler) {
	t.Helper()
	audit := s.Audit()
	require.True(t, audit.Balances() && audit.InFlight == 0 && audit.Bytes == 0, "%+v", audit)
}

func TestCloseFinishesWhatWasAccepted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := openSim(t, scheduler.Config{Device: seconds(1), NoBatching: true})
		w, now := square(t, s, 4), newClock()
		var probes []probe
		var handles []job.Handle
		for range 10 {
			p := newProbe(w, job.Options{})
			probes, handles = append(probes, p), append(handles, submit(t, s, p))
		}
		require.NoError(t, s.Close(background))
		now.is(t, 10)
		for i, h := range handles {
			o, ended := h.Outcome()
			require.True(t, ended)
			require.Equal(t, job.Done, o)
			probes[i].written(t)
		}
		balanced(t, s)
	})
}

func TestCloseInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Launch: 10 * time.Second})
		s := openSim(t, scheduler.Config{Device: d, NoBatching: true})
		w, now := square(t, s, 4), newClock()
		probes := []probe{newProbe(w, job.Options{}), newProbe(w, job.Options{}), newProbe(w, job.Options{})}
		var handles []job.Handle
		for _, p := range probes {
			handles = append(handles, submit(t, s, p))
		}
		ctx, cancel := context.WithTimeout(background, 15*time.Second)
		defer cancel()
		var others sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			others.Go(func() { errs[i] = s.Close(ctx) })
		}
		require.NoError(t, handles[0].Wait(background))
		now.is(t, 10)
		for i, h := range handles[1:] {
			require.ErrorIs(t, h.Wait(background), job.ErrClosed)
			now.is(t, 15)
			probes[i+1].untouched(t)
		}
		others.Wait()
		for _, err := range errs {
			require.ErrorIs(t, err, job.ErrClosed)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Contains(t, errs, s.Close(background), "Close after Close")
		time.Sleep(time.Minute)
		probes[1].untouched(t)
		balanced(t, s)
	})
}

func TestCloseDoesNotWaitForAHungDevice(t *testing.T) {
	for name, inPlace := range map[string]int{"staged": -1, "in place": 1} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d := hanging(sim.Config{})
				s := openSim(t, scheduler.Config{Device: d, InPlaceBytes: inPlace})
				w, now := square(t, s, 4), newClock()
				running, waiting := hang(t, s, d, newProbe(w, job.Options{}).Matmul), submit(t, s, newProbe(w, job.Options{}))
				ctx, cancel := context.WithTimeout(background, time.Second)
				defer cancel()
				require.ErrorIs(t, s.Close(ctx), job.ErrClosed)
				now.is(t, 1)
				require.Error(t, running.Wait(background))
				require.ErrorIs(t, waiting.Wait(background), job.ErrClosed)
				balanced(t, s)
			})
		})
	}
}

func TestClosedForBusiness(t *testing.T) {
	d := sim.Open(sim.Config{})
	s := openSim(t, scheduler.Config{Device: d})
	w := square(t, s, 4)
	require.NoError(t, s.Close(background))
	require.NoError(t, s.Close(background))
	for name, door := range doors {
		p := newProbe(w, job.Options{})
		require.ErrorIs(t, door(s, background, p.Matmul), job.ErrClosed, name)
		p.untouched(t)
	}
	_, err := s.Load(constant(4, 1))
	require.ErrorIs(t, err, job.ErrClosed)
	require.ErrorIs(t, w.Update(constant(4, 1)), job.ErrClosed)
	w.Release()
	require.EqualValues(t, len(doors), s.Audit().Rejected)
	require.NoError(t, d.Close(), "it was not ours to close")
}

func TestCloseReleasesOperands(t *testing.T) {
	d := sim.Open(sim.Config{})
	s := openSim(t, scheduler.Config{Device: d})
	square(t, s, 100)
	square(t, s, 100).Release()
	require.EqualValues(t, 40_000, d.BytesInUse())
	require.NoError(t, s.Close(background))
	require.Zero(t, d.BytesInUse())
}

// TestCloseInAStorm closes while many goroutines submit in every way. Each job
// is refused or ends.
func TestCloseInAStorm(t *testing.T) {
	for round := range 30 {
		d := sim.Open(sim.Config{})
		s := openSim(t, scheduler.Config{Device: d, Limits: job.Limits{Jobs: 8}})
		w := square(t, s, 4)
		var all sync.WaitGroup
		begun := make(chan struct{}, 8*len(doors))
		for name, door := range doors {
			for g := range 8 {
				all.Go(func() {
					for i := 0; ; i++ {
						p := newProbe(w, job.Options{Wait: g%2 == 0})
						err := door(s, background, p.Matmul)
						if i == 0 {
							begun <- struct{}{}
						}
						switch {
						case errors.Is(err, job.ErrClosed):
							p.untouched(t)
							return
						case err != nil && !errors.Is(err, job.ErrQueueFull):
							t.Errorf("%s: %v", name, err)
							return
						}
					}
				})
			}
		}
		<-begun
		ctx, cancel := context.WithCancel(background)
		if round%2 == 0 {
			cancel() // no time to drain
		}
		var closers sync.WaitGroup
		for range 3 {
			closers.Go(func() {
				if err := s.Close(ctx); err != nil && !errors.Is(err, job.ErrClosed) {
					t.Error(err)
				}
			})
		}
		closers.Wait()
		all.Wait()
		cancel()
		balanced(t, s)
		require.NoError(t, d.Close())
	}
}

// slowContext lets a test stop Submit between its lease and the engine.
type slowContext struct {
	context.Context
	reached, proceed chan struct{}
	calls            *atomic.Int32
}

func (c slowContext) Done() <-chan struct{} {
	if c.calls.Add(1) == 1 {
		close(c.reached)
		<-c.proceed
	}
	return c.Context.Done()
}

func TestASubmitThatCloseOvertakesEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	s := openSim(t, scheduler.Config{Device: sim.Open(sim.Config{})})
	w := square(t, s, 4)
	slow := slowContext{ctx, make(chan struct{}), make(chan struct{}), new(atomic.Int32)}
	handle := make(chan job.Handle)
	go func() {
		h, err := s.Submit(slow, newProbe(w, job.Options{}).Matmul)
		if err != nil {
			t.Error(err)
		}
		handle <- h
	}()
	<-slow.reached
	ended, stop := context.WithCancel(background)
	stop()
	closed := make(chan error)
	go func() { closed <- s.Close(ended) }()
	for !errors.Is(s.Do(background, newProbe(w, job.Options{}).Matmul), job.ErrClosed) {
	}
	close(slow.proceed)
	// Which of them is first now decides how the job ends, but it does.
	for _, err := range []error{(<-handle).Wait(background), <-closed} {
		if err != nil {
			require.ErrorIs(t, err, job.ErrClosed)
		}
	}
	balanced(t, s)
}

// listener counts what a scheduler asks of its recorder.
type listener struct {
	metrics.Discard
	flushed, closed int
	err             error
}

func (l *listener) Flush(context.Context) error { l.flushed++; return l.err }
func (l *listener) Close(context.Context) error { l.closed++; return l.err }

func TestCloseFlushesTheRecorderOrClosesIt(t *testing.T) {
	boom := errors.New("disk full")
	for _, ours := range []bool{false, true} {
		l := &listener{err: boom}
		s := openSim(t, scheduler.Config{Device: sim.Open(sim.Config{}), Recorder: l, CloseRecorder: ours})
		require.ErrorIs(t, s.Close(background), boom)
		require.ErrorIs(t, s.Close(background), boom)
		if ours {
			require.Equal(t, []int{0, 1}, []int{l.flushed, l.closed})
		} else {
			require.Equal(t, []int{1, 0}, []int{l.flushed, l.closed})
		}
	}
}

func TestOpenWithoutAQueue(t *testing.T) {
	d := sim.Open(sim.Config{})
	require.NoError(t, d.Close())
	_, err := scheduler.Open(background, scheduler.Config{Device: d})
	require.ErrorIs(t, err, device.ErrClosed)
}

func TestEmptyGroups(t *testing.T) {
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(t, s.DoAll(background, nil))
	handles, err := s.SubmitAll(background, nil)
	require.NoError(t, err)
	require.Empty(t, handles)
}

func TestDoAllNamesWhatFailed(t *testing.T) {
	boom := errors.New("boom")
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
			for _, dispatch := range b.Stages[len(b.Stages)-1].Dispatches {
				if dispatch.Softmax != nil {
					return sim.Error(boom)
				}
			}
			return sim.None()
		}})
		s := start(t, scheduler.Config{Device: d})
		w, now := square(t, s, 4), newClock()
		late, good := newProbe(w, job.Options{Deadline: now.after(0.5)}), newProbe(w, job.Options{})
		err := s.DoAll(background, []job.Job{good.Matmul, &job.Softmax{X: tensor.Matrix(make([]float32, 4), 2, 2)}, late.Matmul})
		require.ErrorIs(t, err, boom)
		require.ErrorIs(t, err, job.ErrFailed)
		require.ErrorIs(t, err, job.ErrExpired)
		require.ErrorContains(t, err, "job 1 of 3")
		require.ErrorContains(t, err, "job 2 of 3")
		require.NotContains(t, err.Error(), "job 0 of 3")
		good.written(t)
		late.untouched(t)
		synctest.Wait()
		audit := s.Audit()
		require.Equal(t, []int64{1, 1, 1}, []int64{audit.Done, audit.Failed, audit.Expired})
	})
}
