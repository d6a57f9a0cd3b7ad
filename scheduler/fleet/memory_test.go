package fleet_test

import (
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

// What jobs use is not given up: the job that would need it to be is refused,
// and may come again.
func TestOperandsInUseAreNotEvicted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 2 * matrix}, steady(time.Second, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		require.Equal(t, []string{"sim:0 load 1", "sim:0 evict 1", "sim:0 load 2"}, r.diary.told())
		busy, _ := product(b)
		h, err := r.Submit(background, busy)
		require.NoError(t, err)
		j, _ := product(a)
		err = r.Do(background, j)
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		_, again := job.Retryable(err)
		require.True(t, again)
		require.NoError(t, h.Wait(background))
		require.NoError(t, r.Do(background, j))
		require.EqualValues(t, 1, r.Audit().Rejected)
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
