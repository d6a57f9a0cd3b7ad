package fleet_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// lostAfter is a device that is lost with its n-th batch.
func lostAfter(n int64, cfg sim.Config) *sim.Device {
	cfg.Fault = loseAt(n)
	return sim.Open(cfg)
}

func loseAt(n int64) func(*device.Batch) sim.Fault {
	var batches atomic.Int64
	return func(*device.Batch) sim.Fault {
		if batches.Add(1) == n {
			return sim.Lost()
		}
		return sim.None()
	}
}

// inBatches returns how many jobs were in batches with some outcome.
func (r *rig) inBatches(outcome string) (n int64) {
	for _, b := range r.diary.batches {
		if b.Outcome == outcome {
			n += int64(b.Jobs)
		}
	}
	return n
}

// A device is lost for good in the middle of a load: the jobs that it had fail,
// those that it had not begun and all that follow are done by the other, where
// the operand comes when the first of them needs it.
func TestDeviceIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, lostAfter(10, sim.Config{Launch: 10 * time.Millisecond}), steady(10*time.Millisecond, 0))
		w := weight(t, r.Fleet, 64, 1)
		var done, failed atomic.Int64
		var all sync.WaitGroup
		end := time.Now().Add(time.Second)
		for range 16 {
			all.Go(func() {
				j, _ := product(w)
				for time.Now().Before(end) {
					switch err := r.Do(background, j); {
					case err == nil:
						done.Add(1)
					default:
						require.ErrorIs(t, err, device.ErrLost)
						failed.Add(1)
					}
				}
			})
		}
		all.Wait()
		require.Subset(t, r.diary.told(), []string{"sim:0 load 1", "sim:0 lost", "sim:0 release 1", "sim:1 load 1"})
		a := r.Audit()
		require.Equal(t, done.Load(), a.Done)
		require.Equal(t, failed.Load(), a.Failed)
		require.Zero(t, a.Rejected)
		r.end(t)
		require.Equal(t, failed.Load(), r.inBatches("failed")+r.inBatches("hung"), "those that the device had")
		require.NotZero(t, r.diary.jobs("sim:1"))
	})
}

// Jobs that wait on a device when it is lost for good are done by the other.
func TestWaitingJobsMove(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := computing(t, sim.Config{Launch: 10 * time.Millisecond, Fault: loseAt(2)})
		cfg := fleet.Config{Scheduler: scheduler.Config{MaxColumns: 8}}
		r := open(t, cfg, first, computing(t, sim.Config{Launch: 10 * time.Millisecond}))
		w := weight(t, r.Fleet, 64, 3)
		var handles []job.Handle
		var results [][]float32
		for range 40 {
			j, y := product(w)
			j.Deadline = time.Now().Add(time.Hour) // so that there is something to look after it
			h, err := r.Submit(background, j)
			require.NoError(t, err)
			handles, results = append(handles, h), append(results, y)
		}
		soft := []float32{0, 0}
		h, err := r.Submit(background, &job.Softmax{X: tensor.Matrix(soft, 1, 2)})
		require.NoError(t, err)
		handles[39].Cancel()
		done, lost := 0, 0
		for i, h := range handles[:39] {
			switch err := h.Wait(background); {
			case err == nil:
				require.EqualValues(t, 192, results[i][5])
				done++
			default:
				require.ErrorIs(t, err, device.ErrLost)
				require.NotErrorIs(t, err, job.ErrUnavailable)
				lost++
			}
		}
		require.NoError(t, h.Wait(background))
		require.Equal(t, []float32{0.5, 0.5}, soft)
		t.Logf("%d done, %d with the device", done, lost)
		r.end(t)
		require.EqualValues(t, lost, r.inBatches("failed")+r.inBatches("hung"))
		require.Equal(t, 8, lost)
		require.GreaterOrEqual(t, r.diary.jobs("sim:1"), 23)
		a := r.Audit()
		require.EqualValues(t, 41, a.Submitted)
		require.EqualValues(t, done+1, a.Done)
		require.EqualValues(t, 1, a.Cancelled)
	})
}

// A job that names an operand twice needs it once, also where it moves to.
func TestJobWithOneOperandTwiceMoves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := computing(t, sim.Config{Launch: 10 * time.Millisecond, Fault: loseAt(1)})
		cfg := fleet.Config{
			OperandBytes: matrix, Scheduler: scheduler.Config{NoBatching: true},
			Place: &policy.PlaceTuning{MinSpill: time.Hour}, // the other has no copy before
		}
		r := open(t, cfg, first, computing(t, sim.Config{}))
		w := weight(t, r.Fleet, 64, 2)
		var handles []job.Handle
		var results []tensor.View
		for range 8 {
			c := filled(64, 0)
			h, err := r.Submit(background, &job.Matmul{A: w.View(), B: w.View(), C: c})
			require.NoError(t, err)
			handles, results = append(handles, h), append(results, c)
		}
		done := 0
		for i, h := range handles {
			if err := h.Wait(background); err != nil {
				require.NotErrorIs(t, err, job.ErrUnavailable, "job %d", i)
				continue
			}
			require.EqualValues(t, 256, results[i].Value(0, 3, 5))
			done++
		}
		require.NotZero(t, done)
		r.end(t)
	})
}

// A device that is opened again has its operands back, and gets work again.
func TestDeviceComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, second, other := lostAfter(3, sim.Config{Launch: time.Millisecond}), steady(time.Millisecond, 0), steady(time.Millisecond, 0)
		r := &rig{sims: []*sim.Device{first, second, other}}
		cfg := fleet.Config{Devices: []fleet.Device{
			{Name: "a", Device: first, Reopen: func() (device.Device, error) { time.Sleep(time.Second); return second, nil }},
			{Name: "b", Device: other},
		}}
		cfg.Scheduler.Recorder = &r.diary
		f, err := fleet.Open(background, cfg)
		require.NoError(t, err)
		r.Fleet = f
		w := weight(t, f, 64, 1)
		j, _ := product(w)
		require.NoError(t, f.Do(background, j))
		require.NoError(t, f.Do(background, j))
		require.ErrorIs(t, f.Do(background, j), device.ErrLost)
		synctest.Wait() // the caller is told first: until a falls the next job may go there, and wait
		require.NoError(t, f.Do(background, j))
		synctest.Wait()
		require.Equal(t, 1, r.diary.jobs("b"))
		time.Sleep(2 * time.Second)
		require.NoError(t, f.Do(background, j))
		v := weight(t, f, 8, 1) // where there is more room
		k, _ := product(v)
		require.NoError(t, f.Do(background, k))
		require.Equal(t, []string{"a load 1", "a restarting", "b load 1", "a up"}, r.diary.told()[:4])
		r.end(t)
		require.Equal(t, int64(0), second.BytesInUse())
	})
}

// When every device is lost jobs are refused for that.
func TestAllDevicesAreLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, lostAfter(1, sim.Config{}), lostAfter(1, sim.Config{}))
		w := weight(t, r.Fleet, 64, 1)
		j, _ := product(w)
		for range 2 {
			require.False(t, r.Lost())
			require.ErrorIs(t, r.Do(background, j), device.ErrLost)
			time.Sleep(10 * time.Second) // until it is given up
		}
		require.True(t, r.Lost())
		require.ErrorIs(t, r.Do(background, j), job.ErrUnavailable)
		_, err := r.Submit(background, j)
		require.ErrorIs(t, err, job.ErrUnavailable)
		a := r.Audit()
		require.EqualValues(t, 4, a.Submitted)
		require.EqualValues(t, 2, a.Failed)
		require.EqualValues(t, 2, a.Rejected)
		r.end(t)
	})
}
