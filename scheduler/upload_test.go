package scheduler_test

import (
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

// slowPages returns a matrix that a device takes an hour to read, as from a mapped
// file on a slow disk, and what says so.
func slowPages(n int, x float32) (tensor.View, func(*device.Batch) time.Duration) {
	v := constant(n, x)
	return v, func(b *device.Batch) time.Duration {
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

// A caller's memory that is slow keeps no device: it is read on the caller's
// goroutine, be it kept for the next device or not.
func TestDevicesDoNotReadSlowMemory(t *testing.T) {
	for name, reopen := range map[string]func() (device.Device, error){
		"one device":  nil,
		"and another": func() (device.Device, error) { return nil, device.ErrUnavailable },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				v, took := slowPages(8, 2)
				d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true, Time: took})
				s := openSim(t, scheduler.Config{Device: d, Reopen: reopen})
				w, err := s.Load(v)
				require.NoError(t, err)
				x, err := s.Load(constant(8, 1))
				require.NoError(t, err)
				require.NoError(t, x.Update(v.T()))
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
		pieces := 0
		d := sim.Open(sim.Config{
			Inner: openInner(t), Discrete: true, Time: func(*device.Batch) time.Duration { return 9 * time.Second },
			Fault: func(b *device.Batch) sim.Fault {
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
