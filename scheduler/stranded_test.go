package scheduler_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// twin is an operand that several schedulers have.
type twin map[*scheduler.Scheduler]*scheduler.Operand

// On implements scheduler.Shared.
func (w twin) On(_ context.Context, s *scheduler.Scheduler, _ *scheduler.Outbox) (*scheduler.Operand, error) {
	return w[s], nil
}

// watched is a device whose memory a test looks into.
type watched struct {
	device.Device
	mu      sync.Mutex
	buffers []device.Buffer
}

// Alloc implements device.Device.
func (d *watched) Alloc(space device.Space, size int) (device.Buffer, error) {
	b, err := d.Device.Alloc(space, size)
	if err == nil && space == device.SpaceShared {
		d.mu.Lock()
		d.buffers = append(d.buffers, b)
		d.mu.Unlock()
	}
	return b, err
}

// holds reports whether a number lies anywhere in it.
func (d *watched) holds(x float32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.buffers {
		if p := (*float32)(b.Pointer()); p != nil {
			for _, y := range unsafe.Slice(p, b.Len()/4) {
				if x == y {
					return true
				}
			}
		}
	}
	return false
}

// timesVector submits products with vectors that are all x, one by one.
func timesVector(t *testing.T, s *scheduler.Scheduler, w *scheduler.Operand, n int, x float32) (hs []job.Handle) {
	t.Helper()
	for range n {
		p := newProbe(w, job.Options{})
		p.B.SetValue(0, 0, 0, x)
		hs = append(hs, submit(t, s, p))
	}
	return hs
}

// A job that moves is not copied from its caller's memory, which may be used for
// something else: it was cancelled while it waited.
func TestMovedJobsAreNotReadAhead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		common := scheduler.NewCommon(scheduler.Config{})
		open := func(name string, d device.Device, refuge func([]scheduler.Stranded, error)) *scheduler.Scheduler {
			return start(t, scheduler.Config{Device: d, Member: &scheduler.Member{Common: common, Device: name, Refuge: refuge}})
		}
		to := &watched{Device: sim.Open(sim.Config{Discrete: true, QueueDepth: 2, Launch: time.Second})}
		second := open("b", to, nil)
		var moved atomic.Int64
		first := open("a", sim.Open(sim.Config{Launch: time.Second, Fault: func(*device.Batch) sim.Fault { return sim.Lost() }}),
			func(jobs []scheduler.Stranded, _ error) {
				go func() {
					for _, j := range jobs {
						moved.Add(1)
						require.NoError(t, j.Move(second))
					}
				}()
			})
		w := twin{}
		for _, s := range []*scheduler.Scheduler{first, second} {
			o, err := s.LoadFor(w, tensor.Matrix(make([]float32, 64*64), 64, 64))
			require.NoError(t, err)
			w[s] = o
		}
		timesVector(t, second, w[second], 33, 1)
		time.Sleep(time.Minute)
		timesVector(t, second, w[second], 1, 2)
		require.True(t, to.holds(2), "it lies beside its operand")

		lost := timesVector(t, first, w[first], 1, 3)[0]
		time.Sleep(time.Millisecond)
		kept, cancelled := timesVector(t, first, w[first], 1, 4)[0], timesVector(t, first, w[first], 1, 5)[0]
		cancelled.Cancel()
		time.Sleep(time.Minute)
		require.ErrorIs(t, lost.Err(), device.ErrLost)
		require.NoError(t, kept.Err())
		require.EqualValues(t, 2, moved.Load())
		require.False(t, to.holds(5))
	})
}
