package fleet_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// Two hot operands are on two devices, and their jobs stay there.
func TestTwoOperandsOnTwoDevices(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(10*time.Millisecond, 0), steady(10*time.Millisecond, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		require.Equal(t, []string{"sim:0 load 1", "sim:1 load 2"}, r.diary.told())
		var n [2]int
		var both sync.WaitGroup
		for i, w := range []*fleet.Operand{a, b} {
			both.Go(func() { n[i] = crowd(t, r, w, 8, time.Second) })
		}
		both.Wait()
		require.Len(t, r.diary.told(), 2, "nothing moved")
		r.end(t)
		require.Equal(t, n, [2]int{r.diary.jobs("sim:0"), r.diary.jobs("sim:1")})
	})
}

// One hot operand whose batches take as long as they are wide is copied to the
// second device, and nearly twice as many jobs are answered.
func TestHotOperandIsCopied(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const callers, span = 32, 2 * time.Second
		device := func() *sim.Device { return steady(time.Millisecond, time.Millisecond) }
		alone := open(t, fleet.Config{}, device())
		one := crowd(t, alone, weight(t, alone.Fleet, 64, 1), callers, span)
		alone.end(t)

		r := open(t, fleet.Config{}, device(), device())
		two := crowd(t, r, weight(t, r.Fleet, 64, 1), callers, span)
		t.Logf("%d jobs on one device, %d on two: %d and %d", one, two, r.diary.jobs("sim:0"), r.diary.jobs("sim:1"))
		require.Equal(t, []string{"sim:0 load 1", "sim:1 load 1"}, r.diary.told()[:2])
		require.Contains(t, r.diary.places[1].Why, "jobs wait")
		require.Greater(t, float64(two), 1.8*float64(one))
		r.end(t)
	})
}

// A hot operand whose batches take the same time however wide they are gains
// nothing by a second copy, and gets none.
func TestBatchesStayTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(10*time.Millisecond, 0), steady(10*time.Millisecond, 0))
		n := crowd(t, r, weight(t, r.Fleet, 64, 1), 64, time.Second)
		require.Equal(t, []string{"sim:0 load 1"}, r.diary.told())
		r.end(t)
		require.Equal(t, n, r.diary.jobs("sim:0"))
	})
}

// A single device is not a fleet.
func TestOneDeviceIsAScheduler(t *testing.T) {
	for _, name := range []string{"sim", "sim:3"} {
		s, err := fleet.OpenService(background, scheduler.Config{DeviceName: name})
		require.NoError(t, err)
		require.IsType(t, &scheduler.Scheduler{}, s)
		require.NoError(t, s.Close(background))
	}
	s, err := fleet.OpenService(background, scheduler.Config{DeviceName: "sim:0,sim:1"})
	require.NoError(t, err)
	require.IsType(t, &fleet.Fleet{}, s)
	require.Equal(t, "2 x simulated device", s.Info().Name)
	require.NoError(t, s.Close(background))
	_, err = scheduler.Open(background, scheduler.Config{DeviceName: "sim:0,sim:1"})
	require.ErrorContains(t, err, "fleet.Open takes several")
}
