package scheduler_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// strict is a device that notes how it is closed: see device.Device.
type strict struct {
	*sim.Device
	closed atomic.Bool
	inUse  atomic.Int64 // at Close
}

func (s *strict) Close() error {
	s.closed.Store(true)
	s.inUse.Store(s.BytesInUse())
	return s.Device.Close()
}

// let requires that the device was closed when it had let go of everything.
func (s *strict) let(t *testing.T) {
	t.Helper()
	require.True(t, s.closed.Load())
	require.Zero(t, s.inUse.Load())
}

// openOwned opens a scheduler that has lost a device and has others of its own, of
// which the first has an operand, w, and has run a job: its first two batches, if
// the host cannot address its memory.
func openOwned(t *testing.T, owned ...device.Device) (s *scheduler.Scheduler, w *scheduler.Operand) {
	t.Helper()
	s = openSim(t, scheduler.Config{Device: dying(t, false, 1), HangAfter: time.Hour, Reopen: func() (device.Device, error) {
		d := owned[0]
		owned = owned[1:]
		return d, nil
	}})
	w = square(t, s, 8)
	require.ErrorIs(t, s.Do(background, newProbe(w, job.Options{}).Matmul), device.ErrLost)
	require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul))
	return s, w
}

// inTime has something done on another goroutine, which comes as far as it can.
func inTime(do func() error) (ended <-chan error) {
	told := make(chan error, 1)
	go func() { told <- do() }()
	synctest.Wait()
	return told
}

func load(s *scheduler.Scheduler) func() error {
	return func() error {
		_, err := s.Load(constant(64, 1))
		return err
	}
}

// Close waits for a Load and an Update before it closes a device.
func TestCloseDuringLoads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		owned := &strict{Device: sim.Open(sim.Config{Discrete: true, Launch: time.Minute})}
		s, w := openOwned(t, owned)
		loaded := inTime(load(s))
		updated := inTime(func() error { return w.Update(constant(8, 1)) })
		now := newClock()
		require.NoError(t, s.Close(background))
		now.is(t, 60)
		owned.let(t)
		require.NoError(t, <-loaded)
		require.NoError(t, <-updated)
		require.ErrorIs(t, load(s)(), job.ErrClosed)
	})
}

// A device that is replaced during a Load is closed when that has left it.
func TestReplacedDuringALoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		first := &strict{Device: sim.Open(sim.Config{
			Discrete: true,
			Time: func(*device.Batch) time.Duration { // asked before Fault
				if n++; n == 3 {
					return time.Minute
				}
				return 0
			},
			Fault: func(*device.Batch) sim.Fault {
				if n == 4 {
					return sim.Lost()
				}
				return sim.None()
			},
		})}
		second := &strict{Device: sim.Open(sim.Config{Discrete: true})}
		s, w := openOwned(t, first, second)
		loaded := inTime(load(s))
		require.ErrorIs(t, s.Do(background, newProbe(w, job.Options{}).Matmul), device.ErrLost)
		require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul))
		synctest.Wait()
		require.False(t, first.closed.Load(), "an upload runs there")
		require.NoError(t, <-loaded)
		synctest.Wait()
		first.let(t)
		require.EqualValues(t, 3, second.Batches(), "two uploads and a job")
		require.NoError(t, s.Close(background))
		second.let(t)
	})
}

// A device with an upload that hangs is left to be closed when it lets go, and
// Close says so, be the device ours or not.
func TestCloseAfterAHungUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		owned := &strict{Device: sim.Open(sim.Config{Discrete: true, Fault: hangs(3)})}
		s, _ := openOwned(t, owned)
		require.ErrorIs(t, load(s)(), job.ErrHung)
		require.ErrorIs(t, s.Close(background), job.ErrHung)
		require.False(t, owned.closed.Load())
		owned.Release()
		synctest.Wait()
		owned.let(t)
	})
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Discrete: true, Fault: hangs(1)})
		s := openSim(t, scheduler.Config{Device: d})
		require.ErrorIs(t, load(s)(), job.ErrHung)
		require.ErrorIs(t, s.Close(background), job.ErrHung)
		d.Release()
		synctest.Wait()
		require.Zero(t, d.BytesInUse())
	})
}

// So is a device that was to take the place of another.
func TestReplacementHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		hung := &strict{Device: sim.Open(sim.Config{Discrete: true, Fault: hangs(1)})}
		next := &strict{Device: sim.Open(sim.Config{Discrete: true})}
		s, _ := openOwned(t, hung, next)
		require.False(t, hung.closed.Load())
		hung.Release()
		synctest.Wait()
		hung.let(t)
		require.NoError(t, s.Close(background))
		next.let(t)
	})
}

// Close waits for the memory of an operand that somebody else is releasing.
func TestCloseDuringARelease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := &slow{Device: sim.Open(sim.Config{}), free: make(chan struct{})}
		s := openSim(t, scheduler.Config{Device: d})
		w := square(t, s, 8)
		released := inTime(func() error { w.Release(); return nil })
		closed := inTime(func() error { return s.Close(background) })
		require.Empty(t, closed)
		close(d.free)
		require.NoError(t, <-released)
		require.NoError(t, <-closed)
		require.Zero(t, d.BytesInUse())
	})
}

// slow is a device that frees no memory until it may.
type slow struct {
	*sim.Device
	free chan struct{}
}

type slowBuffer struct {
	device.Buffer
	free chan struct{}
}

func (s *slow) Alloc(space device.Space, bytes int) (device.Buffer, error) {
	b, err := s.Device.Alloc(space, bytes)
	return slowBuffer{b, s.free}, err
}

func (b slowBuffer) Free() {
	<-b.free
	b.Buffer.Free()
}

// hangs has the n-th batch hang.
func hangs(n int64) func(*device.Batch) sim.Fault {
	var batches atomic.Int64
	return func(*device.Batch) sim.Fault {
		if batches.Add(1) == n {
			return sim.Hang()
		}
		return sim.None()
	}
}
