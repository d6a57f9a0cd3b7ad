package fleet_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// pair opens a fleet of a device a, which can be opened again as another after a
// second, and a device b.
func pair(t *testing.T, a, again, b *sim.Device) *rig {
	t.Helper()
	r := &rig{sims: []*sim.Device{a, again, b}}
	cfg := fleet.Config{Devices: []fleet.Device{
		{Name: "a", Device: a, Reopen: func() (device.Device, error) { time.Sleep(time.Second); return again, nil }},
		{Name: "b", Device: b},
	}}
	cfg.Scheduler.Recorder = &r.diary
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	r.Fleet = f
	return r
}

// faulty is a device without memory that the host can address.
func faulty(n int64, fault sim.Fault) *sim.Device {
	var batches int64
	return sim.Open(sim.Config{Discrete: true, Fault: func(*device.Batch) sim.Fault {
		if batches++; batches == n {
			return fault
		}
		return sim.None()
	}})
}

// A device that is lost, or hangs, with a Load or an Update is restarted, and the
// operand goes to another meanwhile.
func TestDeviceFailsInALoad(t *testing.T) {
	for name, fault := range map[string]sim.Fault{"lost": sim.Lost(), "hung": sim.Hang()} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a := faulty(1, fault)
				r := pair(t, a, sim.Open(sim.Config{Discrete: true}), sim.Open(sim.Config{Discrete: true}))
				weight(t, r.Fleet, 64, 1)
				require.Equal(t, "b load 1", r.diary.told()[len(r.diary.told())-1])
				time.Sleep(time.Minute)
				weight(t, r.Fleet, 64, 1)
				require.Contains(t, r.diary.told(), "a load 2")
				a.Release()
				synctest.Wait()
				r.end(t)
			})
			bubble(t, func(t *testing.T) {
				a := faulty(2, fault)
				r := pair(t, a, sim.Open(sim.Config{Discrete: true}), sim.Open(sim.Config{Discrete: true}))
				w := weight(t, r.Fleet, 64, 1)
				require.NoError(t, w.Update(filled(64, 2)))
				require.Contains(t, r.diary.told(), "b load 1")
				j, _ := product(w)
				require.NoError(t, r.Do(background, j))
				require.Equal(t, 1, r.diary.jobs("b"))
				a.Release()
				synctest.Wait()
				r.end(t)
			})
		})
	}
}

// loseIdle loses a device that nobody uses at the moment: one that is lost with its
// first batch.
func loseIdle(t *testing.T, d *sim.Device) {
	t.Helper()
	q, err := d.NewQueue()
	require.NoError(t, err)
	q.Commit(&device.Batch{Done: func(*device.Batch, device.Timing, error) {}})
	require.NoError(t, q.Close())
}

// So is a device that was lost while nobody used it.
func TestDeviceIsLostWhileIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := lostAfter(1, sim.Config{})
		r := pair(t, a, steady(0, 0), steady(0, 0))
		loseIdle(t, a)
		weight(t, r.Fleet, 64, 1)
		require.Contains(t, r.diary.told(), "b load 1")
		time.Sleep(time.Minute)
		weight(t, r.Fleet, 64, 1)
		require.Contains(t, r.diary.told(), "a load 2")
		r.end(t)
	})
}

// With no other it is waited for, as one device alone is: it was given nothing.
func TestOnlyDeviceIsLostWhileIdle(t *testing.T) {
	for name, discrete := range map[string]bool{"shared memory": false, "discrete": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a, again := lostAfter(1, sim.Config{Discrete: discrete}), sim.Open(sim.Config{Discrete: discrete})
				r := fleetOf(t, fleet.Config{}, []*sim.Device{again}, fleet.Device{Name: "a", Device: a, Reopen: late(again, time.Second)})
				loseIdle(t, a)
				start := time.Now()
				weight(t, r.Fleet, 64, 1)
				require.GreaterOrEqual(t, time.Since(start), time.Second)
				require.Contains(t, r.diary.told(), "a load 1")
				r.end(t)
			})
			bubble(t, func(t *testing.T) { // it does not come back
				a := lostAfter(1, sim.Config{Discrete: discrete})
				r := fleetOf(t, fleet.Config{}, nil, fleet.Device{Name: "a", Device: a})
				loseIdle(t, a)
				for range 2 {
					_, err := r.Load(filled(64, 1))
					require.ErrorIs(t, err, job.ErrUnavailable)
					require.ErrorIs(t, err, device.ErrLost)
					require.NotErrorIs(t, err, job.ErrHung)
				}
				r.end(t)
			})
		})
	}
}

// Two that were are both found so, and the first that comes back has it.
func TestAllDevicesAreLostWhileIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := lostAfter(1, sim.Config{}), lostAfter(1, sim.Config{})
		r := pair(t, a, steady(0, 0), b)
		loseIdle(t, a)
		loseIdle(t, b)
		weight(t, r.Fleet, 64, 1)
		require.Contains(t, r.diary.told(), "a load 1")
		r.end(t)
	})
}

// Where no device takes work a Load waits for one that is restarted, and is told
// so if it does not come back.
func TestLoadWaitsForARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := pair(t, faulty(1, sim.Lost()), sim.Open(sim.Config{Discrete: true}), faulty(1, sim.Lost()))
		_, err := r.Load(filled(64, 1))
		require.ErrorIs(t, err, device.ErrLost)
		require.ErrorIs(t, err, job.ErrHung)
		start := time.Now()
		weight(t, r.Fleet, 64, 1)
		require.GreaterOrEqual(t, time.Since(start), time.Second)
		require.Contains(t, r.diary.told(), "a load 2")
		r.end(t)
	})
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, faulty(1, sim.Lost()))
		_, err := r.Load(filled(64, 1))
		require.ErrorIs(t, err, job.ErrHung)
		for range 2 {
			_, err = r.Load(filled(64, 1))
			require.ErrorIs(t, err, job.ErrUnavailable)
		}
		r.end(t)
	})
}

// Close lets copies that are on their way come to their end before it closes the
// devices that it has opened.
func TestCloseDuringACopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		again := &strict{Device: sim.Open(sim.Config{Discrete: true, Launch: time.Second})}
		f, err := fleet.Open(background, fleet.Config{Devices: []fleet.Device{
			{Name: "a", Device: lostAfter(1, sim.Config{}), Reopen: func() (device.Device, error) { return again, nil }},
		}})
		require.NoError(t, err)
		j, _ := product(weight(t, f, 64, 1))
		require.ErrorIs(t, f.Do(background, j), device.ErrLost)
		require.NoError(t, f.Do(background, j))
		loaded := make(chan error, 1)
		go func() {
			_, err := f.Load(filled(64, 1))
			loaded <- err
		}()
		synctest.Wait()
		require.NoError(t, f.Close(background))
		if err := <-loaded; err != nil { // it finds that Close has released it already
			require.ErrorIs(t, err, job.ErrClosed)
		}
		require.True(t, again.closed)
		require.Zero(t, again.inUse)
	})
}

// strict is a device that notes what it still has when it is closed.
type strict struct {
	*sim.Device
	closed bool
	inUse  int64
}

func (s *strict) Close() error {
	s.closed, s.inUse = true, s.BytesInUse()
	return s.Device.Close()
}
