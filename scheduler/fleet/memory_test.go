package fleet_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

const matrix = 64 * 64 * 4 // bytes of the weights here

// Three operands on two devices with room for one each: what a job needs is
// brought, for what nobody used for longest.
func TestOperandsAreEvictedAndBroughtBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix + matrix/2, HostBytes: 3 * matrix}, computing(t, sim.Config{}), computing(t, sim.Config{}))
		var ws []*fleet.Operand
		for i := range 3 {
			ws = append(ws, weight(t, r.Fleet, 64, float32(i+1)))
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{"sim:0 load 1", "sim:1 load 2", "sim:0 evict 1", "sim:0 load 3"}, r.diary.told())
		for _, i := range []int{0, 1, 2, 0} {
			j, y := product(ws[i])
			require.NoError(t, r.Do(background, j))
			require.EqualValues(t, 64*(i+1), y[17])
			time.Sleep(time.Second)
		}
		shown := r.metrics()
		for _, device := range []string{"sim:0", "sim:1"} {
			require.EqualValues(t, matrix, shown[`operand_copy_bytes{device="`+device+`"}`])
			require.EqualValues(t, 1, shown[`operand_copies{device="`+device+`"}`])
		}
		require.EqualValues(t, 3*matrix, shown["operand_host_bytes"])
		r.end(t)
	})
}

// What jobs use is not taken from them: a job that needs the memory waits until
// they have ended, or its context has, or for as long as a job waits.
func TestMemoryInUseIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 2 * matrix}, steady(2*time.Second, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		require.Equal(t, []string{"sim:0 load 1", "sim:0 evict 1", "sim:0 load 2"}, r.diary.told())
		time.Sleep(time.Second)
		busy, _ := product(b)
		h, err := r.Submit(background, busy)
		require.NoError(t, err)
		j, _ := product(a)
		ctx, stop := context.WithTimeout(background, time.Second)
		defer stop()
		require.ErrorIs(t, r.Do(ctx, j), job.ErrExpired)
		require.NoError(t, h.Err())
		start := time.Now()
		require.NoError(t, r.Do(background, j))
		require.InDelta(t, 3, time.Since(start).Seconds(), 0.01, "what is left of the other's time, and its own")
		require.NoError(t, h.Err())
		require.EqualValues(t, 1, r.Audit().Rejected)
		r.end(t)
	})
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 3 * matrix}, steady(time.Minute, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		time.Sleep(time.Second)
		busy, _ := product(b)
		h, err := r.Submit(background, busy)
		require.NoError(t, err)
		j, _ := product(a)
		err = r.Do(background, j)
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		require.ErrorIs(t, err, job.ErrOutOfMemory)
		_, again := job.Retryable(err)
		require.True(t, again, "others may let go of it")
		_, err = r.Load(filled(64, 1))
		require.ErrorIs(t, err, device.ErrOutOfMemory, "a Load takes nothing from jobs")
		require.NoError(t, h.Wait(background))
		r.end(t)
	})
}

// Operands that no device can have at once are no reason to try again.
func TestOperandsThatDoNotFitTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 2 * matrix}, steady(0, 0), steady(0, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		err := r.Do(background, &job.Matmul{A: a.View(), B: b.View(), C: filled(64, 0)})
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		var wrong *job.InvalidError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, "32768 bytes", wrong.Got)
		require.Contains(t, wrong.Allowed, "16384 bytes")
		_, again := job.Retryable(err)
		require.False(t, again)
		r.end(t)
	})
}

// Two operands that are hot at once and do not both fit take turns: the jobs of
// both get done.
func TestOperandsTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 2 * matrix}, steady(time.Millisecond, 0))
		ws := []*fleet.Operand{weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)}
		var n [2]int
		var both sync.WaitGroup
		for i, w := range ws {
			both.Go(func() { n[i] = crowd(t, r, w, 8, time.Second) })
		}
		both.Wait()
		t.Log(n, len(r.diary.told()))
		require.Greater(t, min(n[0], n[1]), 300)
		require.Less(t, len(r.diary.told()), 2000, "loads and evictions")
		r.end(t)
	})
}

// A device that says it has no memory, whatever the books say, is left for
// another.
func TestDeviceWithoutMemoryIsPassedOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: 1 << 30}, sim.Open(sim.Config{AllocLimit: matrix / 2}), steady(0, 0))
		w := weight(t, r.Fleet, 64, 1)
		require.Equal(t, []string{"sim:1 load 1"}, r.diary.told())
		j, _ := product(w)
		require.NoError(t, r.Do(background, j))
		_, err := fleet.Open(background, fleet.Config{OperandBytes: -1})
		require.ErrorContains(t, err, "OperandBytes")
		r.end(t)
	})
}

// The copies in the host's memory are bounded, and given back.
func TestHostMemoryIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{HostBytes: 2 * matrix}, steady(0, 0), steady(0, 0))
		a := weight(t, r.Fleet, 64, 1)
		weight(t, r.Fleet, 64, 2)
		_, err := r.Load(filled(64, 3))
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		require.NotErrorIs(t, err, job.ErrTooLarge, "others may release theirs")
		_, err = r.Load(filled(128, 3))
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		require.ErrorIs(t, err, job.ErrTooLarge)
		require.ErrorIs(t, a.Update(filled(64, 3)), device.ErrOutOfMemory, "both contents at once")
		a.Release()
		a.Release()
		weight(t, r.Fleet, 64, 3)
		j, _ := product(a)
		require.ErrorIs(t, r.Do(background, j), job.ErrReleased)
		r.end(t)
	})
}

// After an Update jobs see the new contents wherever they run; copies of the old
// are given up.
func TestUpdate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		slow := func() *sim.Device {
			return computing(t, paced(time.Millisecond, time.Millisecond))
		}
		r := open(t, fleet.Config{}, slow(), slow())
		w := weight(t, r.Fleet, 64, 1)
		crowd(t, r, w, 64, time.Second)
		require.Contains(t, r.diary.told(), "sim:1 load 1")
		require.NoError(t, w.Update(filled(64, 5)))
		j, y := product(w)
		require.NoError(t, r.Do(background, j))
		require.EqualValues(t, 320, y[3])
		require.ErrorIs(t, w.Update(filled(8, 5)), job.ErrInvalid)
		told := r.diary.told()
		require.Equal(t, []string{"sim:0 load 1", "sim:0 release 1", "sim:1 release 1"}, told[len(told)-3:])
		r.end(t)
		require.ErrorIs(t, w.Update(filled(64, 6)), job.ErrClosed)
	})
}
