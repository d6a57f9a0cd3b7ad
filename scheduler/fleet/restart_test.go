package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// openAway opens a fleet of a device a that has the operand w, and is lost for
// good with its second batch, and a device b that is being restarted and has
// never seen w.
func openAway(t *testing.T, reopen func() (device.Device, error), rest ...*sim.Device) (*rig, *fleet.Operand) {
	t.Helper()
	a := computing(t, sim.Config{Launch: 10 * time.Millisecond, Fault: loseAt(2)})
	b := computing(t, sim.Config{Launch: 10 * time.Millisecond, Fault: loseAt(1)})
	r := &rig{sims: append(rest, a, b)}
	cfg := fleet.Config{
		Scheduler: scheduler.Config{MaxColumns: 8, Recorder: &r.diary},
		Devices:   []fleet.Device{{Name: "a", Device: a}, {Name: "b", Device: b, Reopen: reopen}},
	}
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	r.Fleet = f
	w, v := weight(t, f, 64, 3), weight(t, f, 64, 1) // v is on b, which is lost with its first job
	j, _ := product(v)
	require.ErrorIs(t, f.Do(background, j), device.ErrLost)
	require.Equal(t, []string{"a load 1", "b load 2"}, r.diary.told())
	return r, w
}

// Jobs whose operand is nowhere wait for a device that is being restarted, also
// those that waited on another when that was given up.
func TestJobsWaitForARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		next := computing(t, sim.Config{Launch: 10 * time.Millisecond})
		r, w := openAway(t, func() (device.Device, error) { time.Sleep(10 * time.Second); return next, nil }, next)
		var handles []job.Handle
		var results [][]float32
		for range 40 {
			j, y := product(w)
			h, err := r.Submit(background, j)
			require.NoError(t, err)
			handles, results = append(handles, h), append(results, y)
		}
		done := 0
		for i, h := range handles {
			if err := h.Wait(background); err != nil {
				require.ErrorIs(t, err, device.ErrLost)
				require.NotErrorIs(t, err, job.ErrUnavailable, "job %d waited on the device", i)
				continue
			}
			require.EqualValues(t, 192, results[i][5])
			done++
		}
		require.Equal(t, 32, done, "all but a batch")
		r.end(t)
		require.NotZero(t, r.diary.jobs("b"))
	})
}

// New jobs wait likewise: as long as their context, and until the device is up.
func TestNewJobsWaitForARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		next := computing(t, sim.Config{})
		r, w := openAway(t, func() (device.Device, error) { time.Sleep(10 * time.Second); return next, nil }, next)
		j, y := product(w)
		require.NoError(t, r.Do(background, j))
		require.ErrorIs(t, r.Do(background, j), device.ErrLost)
		time.Sleep(time.Second)
		start := time.Now()
		ctx, stop := context.WithTimeout(background, time.Second)
		defer stop()
		require.ErrorIs(t, r.Do(ctx, j), job.ErrExpired)
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, r.Do(background, j))
		require.EqualValues(t, 192, y[5])
		require.Greater(t, time.Since(start), 7*time.Second)
		r.end(t)
	})
}

// A device that does not come back, or a fleet that is closed, ends the wait.
func TestTheWaitForARestartEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, w := openAway(t, func() (device.Device, error) { return nil, device.ErrUnavailable })
		j, _ := product(w)
		require.NoError(t, r.Do(background, j))
		require.ErrorIs(t, r.Do(background, j), device.ErrLost)
		require.ErrorIs(t, r.Do(background, j), job.ErrUnavailable)
		r.end(t)
	})
	bubble(t, func(t *testing.T) {
		next := computing(t, sim.Config{})
		r, w := openAway(t, func() (device.Device, error) { time.Sleep(time.Minute); return next, nil }, next)
		j, _ := product(w)
		require.NoError(t, r.Do(background, j))
		require.ErrorIs(t, r.Do(background, j), device.ErrLost)
		ended := make(chan error, 1)
		go func() { ended <- r.Do(background, j) }()
		time.Sleep(time.Second)
		r.end(t)
		require.ErrorIs(t, <-ended, job.ErrClosed)
	})
}
