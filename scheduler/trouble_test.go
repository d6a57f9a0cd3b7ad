package scheduler_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// spares is a Config.Reopen that takes a while for each of some devices.
func spares(ds ...*sim.Device) func() (device.Device, error) {
	return func() (device.Device, error) {
		time.Sleep(time.Second)
		if len(ds) == 0 {
			return nil, device.ErrUnavailable
		}
		d := ds[0]
		ds = ds[1:]
		return d, nil
	}
}

// loseIdle loses a device that nobody uses at the moment: dying with its first
// batch.
func loseIdle(t *testing.T, d *sim.Device) {
	t.Helper()
	q, err := d.NewQueue()
	require.NoError(t, err)
	q.Commit(&device.Batch{Done: func(*device.Batch, device.Timing, error) {}})
	require.NoError(t, q.Close())
}

// A Load or an Update that a device is lost with says so, and the next one finds
// another device, with what was loaded before.
func TestDeviceIsLostByAnUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, second, third := dying(t, true, 2), dying(t, true, 3), dying(t, true, -1)
		s := openSim(t, scheduler.Config{Device: first, Reopen: spares(second, third)})
		w, err := s.Load(constant(8, 2))
		require.NoError(t, err)
		_, err = s.Load(constant(8, 1))
		require.ErrorIs(t, err, job.ErrHung)
		require.ErrorIs(t, err, device.ErrLost)
		require.False(t, s.Up())
		v, err := s.Load(constant(8, 1)) // it waits
		require.NoError(t, err)
		require.True(t, s.Up())
		require.EqualValues(t, 2, second.Batches(), "uploads of both")

		require.ErrorIs(t, w.Update(constant(8, 3)), job.ErrHung)
		require.NoError(t, w.Update(constant(8, 4)))
		for o, want := range map[*scheduler.Operand]float32{v: 8, w: 32} {
			j, c := sums(o)
			require.NoError(t, s.Do(background, j))
			require.Equal(t, want, c[5])
		}
		require.Equal(t, "2", prometheus(s)["metallic_sched_device_restarts_total"])
		require.NoError(t, s.Close(background))
		for _, d := range []*sim.Device{first, second, third} {
			require.Zero(t, d.BytesInUse())
		}
	})
}

// A Load that finds the device lost waits for the next one, as jobs do.
func TestDeviceIsLostWhileIdle(t *testing.T) {
	for name, discrete := range map[string]bool{"shared memory": false, "discrete": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				first, second := dying(t, discrete, 1), dying(t, discrete, -1)
				s := openSim(t, scheduler.Config{Device: first, Reopen: spares(second)})
				loseIdle(t, first)
				var all sync.WaitGroup
				for range 3 {
					all.Go(func() {
						w, err := s.Load(constant(8, 1))
						require.NoError(t, err)
						j, c := sums(w)
						require.NoError(t, s.Do(background, j))
						require.EqualValues(t, 8, c[5])
					})
				}
				all.Wait()
				require.Equal(t, "1", prometheus(s)["metallic_sched_device_restarts_total"])
				require.NoError(t, s.Close(background))
				require.Zero(t, second.BytesInUse())
			})
		})
	}
}

// The wait ends when there is no other device, and when the scheduler closes.
func TestTheWaitOfALoadEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := dying(t, false, 1)
		s := openSim(t, scheduler.Config{Device: first, Reopen: spares()})
		loseIdle(t, first)
		for range 2 {
			_, err := s.Load(constant(8, 1))
			require.ErrorIs(t, err, job.ErrUnavailable)
			require.ErrorIs(t, err, device.ErrLost)
		}
		require.True(t, s.Lost())
		require.NoError(t, s.Close(background))
	})
	bubble(t, func(t *testing.T) {
		first := dying(t, false, 1)
		s := openSim(t, scheduler.Config{Device: first, Reopen: spares()})
		loseIdle(t, first)
		loaded := make(chan error, 1)
		go func() {
			_, err := s.Load(constant(8, 1))
			loaded <- err
		}()
		synctest.Wait()
		require.NoError(t, s.Close(background))
		require.ErrorIs(t, <-loaded, job.ErrClosed)
	})
}

// Uploads that hang side by side are one hang, and one new queue.
func TestUploadsHangTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stuck := true
		d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true, Fault: func(*device.Batch) sim.Fault {
			if stuck {
				return sim.Hang()
			}
			return sim.None()
		}})
		s := openSim(t, scheduler.Config{Device: d})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				_, err := s.Load(constant(8, 1))
				require.ErrorIs(t, err, job.ErrHung)
			})
		}
		all.Wait()
		synctest.Wait()
		lines := prometheus(s)
		require.Equal(t, "1", lines["metallic_sched_device_hangs_total"])
		require.Equal(t, "1", lines["metallic_sched_device_restarts_total"])
		stuck = false
		j, _ := sums(square(t, s, 4))
		require.NoError(t, s.Do(background, j))
		d.Release()
		synctest.Wait()
		require.NoError(t, s.Close(background))
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}

// Uploads that end well show that restarts were not in vain, if only uploads failed
// before; a device on which every batch hangs is given up, whatever is loaded.
func TestUploadsThatEndWellAreForUploads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		uploads := 0
		d := sim.Open(sim.Config{Discrete: true, Fault: func(*device.Batch) sim.Fault {
			if uploads++; uploads%2 == 1 {
				return sim.Hang()
			}
			return sim.None()
		}})
		defer d.Release()
		s := openSim(t, scheduler.Config{Device: d})
		for range 20 {
			_, err := s.Load(constant(8, 1))
			require.ErrorIs(t, err, job.ErrHung)
			time.Sleep(time.Minute)
			w, err := s.Load(constant(8, 1))
			require.NoError(t, err)
			w.Release()
		}
		require.True(t, s.Up())
		require.ErrorIs(t, s.Close(background), job.ErrHung)
	})
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Discrete: true, Fault: func(b *device.Batch) sim.Fault {
			for _, s := range b.Stages {
				if len(s.Dispatches) > 0 {
					return sim.Hang()
				}
			}
			return sim.None()
		}})
		defer d.Release()
		s := openSim(t, scheduler.Config{Device: d})
		hangs := 0
		for ; !s.Lost(); hangs++ {
			require.Less(t, hangs, 20)
			w, err := s.Load(constant(8, 1))
			require.NoError(t, err)
			j, _ := sums(w)
			require.ErrorIs(t, s.Do(background, j), job.ErrHung)
			time.Sleep(time.Minute)
		}
		require.Equal(t, 9, hangs)
		require.ErrorIs(t, s.Close(background), job.ErrHung)
	})
}

// A device that no restart brings back to this process is given up at once, and jobs
// say why.
func TestBrokenDeviceIsGivenUpAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, reopened := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Lost() }}), 0
		s := openSim(t, scheduler.Config{Device: d, Reopen: func() (device.Device, error) {
			reopened++
			return nil, fmt.Errorf("%w: %w", device.ErrUnavailable, device.ErrBroken)
		}})
		now := time.Now()
		w, err := s.Load(constant(8, 1))
		require.NoError(t, err)
		j, _ := sums(w)
		require.ErrorIs(t, s.Do(background, j), device.ErrLost)
		synctest.Wait()
		require.True(t, s.Lost())
		err = s.Do(background, j)
		require.ErrorIs(t, err, job.ErrUnavailable)
		require.ErrorIs(t, err, device.ErrBroken)
		require.Equal(t, 1, reopened)
		require.Zero(t, time.Since(now))
		require.NoError(t, s.Close(background))
		require.NoError(t, d.Close())
	})
}
