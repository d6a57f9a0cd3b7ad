package scheduler_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// slowPages says that a device takes an hour to read a matrix, as from a mapped
// file on a slow disk.
func slowPages(v tensor.View) func(*device.Batch) time.Duration {
	return func(b *device.Batch) time.Duration {
		for _, s := range b.Stages {
			for i := range s.Copies {
				if src := &s.Copies[i].Src; src.Buffer == nil && src.View.Overlaps(&v) {
					return time.Hour
				}
			}
		}
		return 0
	}
}

// A caller's memory that is slow keeps no device: it is copied first, be it kept for
// the next device or not.
func TestDevicesDoNotReadSlowMemory(t *testing.T) {
	for name, reopen := range map[string]func() (device.Device, error){
		"one device":  nil,
		"and another": func() (device.Device, error) { return nil, device.ErrUnavailable },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				v, several := constant(8, 2), large()
				one, other := slowPages(v), slowPages(several)
				d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true, Time: func(b *device.Batch) time.Duration {
					return max(one(b), other(b))
				}})
				s := openSim(t, scheduler.Config{Device: d, Reopen: reopen})
				w, err := s.Load(v)
				require.NoError(t, err)
				x, err := s.Load(constant(8, 1))
				require.NoError(t, err)
				require.NoError(t, x.Update(v.T()))
				_, err = s.Load(several)
				require.NoError(t, err)
				for _, o := range []*scheduler.Operand{w, x} {
					j, c := sums(o)
					require.NoError(t, s.Do(background, j))
					require.EqualValues(t, 16, c[5])
				}
				require.Equal(t, "0", prometheus(s)["metallic_sched_device_hangs_total"])
				require.NoError(t, s.Close(background))
				require.Zero(t, d.BytesInUse())
				require.NoError(t, d.Close())
			})
		})
	}
}

// large is a matrix of several pieces, all of them different.
func large() tensor.View {
	xs := make([]float32, 27<<15)
	for i := range xs {
		xs[i] = float32(i / (1 << 15))
	}
	return tensor.Matrix(xs, 27, 1<<15)
}

// A device has its time for each piece of what is loaded, several of which are on
// their way: a slow one is not taken for hung, and one that hangs is, with its memory
// left alone until it lets go.
func TestLoadInPieces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var hang atomic.Bool
		var out, most atomic.Int64
		pieces := 0
		d := sim.Open(sim.Config{
			Inner: openInner(t), Discrete: true, QueueDepth: 3,
			Time: func(*device.Batch) time.Duration { return 9 * time.Second },
			Fault: func(b *device.Batch) sim.Fault {
				most.Store(max(most.Load(), out.Add(1)))
				done := b.Done
				b.Done = func(b *device.Batch, t device.Timing, err error) { out.Add(-1); done(b, t, err) }
				if pieces++; hang.Load() && pieces == 2 {
					return sim.Hang()
				}
				return sim.None()
			},
		})
		s := openSim(t, scheduler.Config{Device: d})
		v := large()
		w, err := s.Load(v)
		require.NoError(t, err)
		require.Equal(t, 4, pieces)
		require.EqualValues(t, 3, most.Load(), "as many at a time as the device takes without waiting")
		j := &job.Matmul{A: w.View().Slice(0, 27, 0, 1), B: tensor.Vector([]float32{1}), C: tensor.Vector(make([]float32, 27))}
		require.NoError(t, s.Do(background, j))
		for i := range 27 {
			require.EqualValues(t, i, j.C.Value(0, i, 0))
		}
		w.Release()
		synctest.Wait()

		used := d.BytesInUse()
		pieces = 0
		hang.Store(true)
		now := newClock()
		_, err = s.Load(v)
		require.ErrorIs(t, err, job.ErrHung)
		require.WithinRange(t, time.Now(), now.after(9+10), now.after(9+10+1))
		require.EqualValues(t, 4*v.Len(), d.BytesInUse()-used)
		d.Release()
		time.Sleep(time.Minute)
		require.Equal(t, used, d.BytesInUse())
		require.NoError(t, s.Close(background))
		require.NoError(t, d.Close())
	})
}

// Callers may be locked to a thread, as those of a window or of C are.
func TestLoadOnALockedThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true})
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	s := start(t, scheduler.Config{Device: d})
	_, err := s.Load(large())
	require.NoError(t, err)
}

// A piece whose memory was slow is not given to a device that has hung meanwhile.
func TestLoadEndsWithTheFirstFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		batches := 0
		d := sim.Open(sim.Config{Discrete: true, QueueDepth: 1, Fault: func(*device.Batch) sim.Fault { batches++; return sim.Hang() }})
		s := openSim(t, scheduler.Config{Device: d})
		now := newClock()
		_, err := s.Load(large())
		require.ErrorIs(t, err, job.ErrHung)
		require.WithinRange(t, time.Now(), now.after(10), now.after(11))
		require.Equal(t, 1, batches)
		d.Release()
		synctest.Wait()
		require.NoError(t, s.Close(background))
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}
