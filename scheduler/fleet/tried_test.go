package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// late opens a device again after some time.
func late(d *sim.Device, after time.Duration) func() (device.Device, error) {
	return func() (device.Device, error) { time.Sleep(after); return d, nil }
}

// fleetOf opens a fleet of devices that may be opened again as some others.
func fleetOf(t *testing.T, cfg fleet.Config, again []*sim.Device, devices ...fleet.Device) *rig {
	t.Helper()
	r := &rig{sims: again}
	for _, d := range devices {
		r.sims = append(r.sims, d.Device.(*sim.Device))
	}
	cfg.Devices, cfg.Scheduler.Recorder = devices, &r.diary
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	r.Fleet = f
	return r
}

// A Load that the only device that takes work cannot have waits for one that is
// restarted, wherever either stands in the list.
func TestLoadWaitsThoughAnotherWasTried(t *testing.T) {
	for name, first := range map[string]func() *sim.Device{
		"lost": func() *sim.Device { return faulty(2, sim.Lost()) },
		"full": func() *sim.Device { return sim.Open(sim.Config{Discrete: true, AllocLimit: matrix + matrix/2}) },
	} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					again := []*sim.Device{sim.Open(sim.Config{Discrete: true}), sim.Open(sim.Config{Discrete: true})}
					var devices [2]fleet.Device
					devices[order[0]] = fleet.Device{Name: "a", Device: first(), Reopen: late(again[0], time.Minute)}
					devices[order[1]] = fleet.Device{Name: "b", Device: faulty(2, sim.Lost()), Reopen: late(again[1], time.Second)}
					r := fleetOf(t, fleet.Config{OperandBytes: 1 << 30}, again, devices[:]...)
					v := []*fleet.Operand{weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)}[order[1]]
					j, _ := product(v)
					require.ErrorIs(t, r.Do(background, j), device.ErrLost)
					start := time.Now()
					weight(t, r.Fleet, 64, 3)
					require.GreaterOrEqual(t, time.Since(start), time.Second)
					require.Contains(t, r.diary.told(), "b load 3")
					r.end(t)
				})
			})
		}
	}
}

// So does a job whose operand is nowhere.
func TestJobWaitsThoughAnotherWasTried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		again := computing(t, sim.Config{})
		r := fleetOf(
			t, fleet.Config{OperandBytes: 1 << 30}, []*sim.Device{again},
			fleet.Device{Name: "full", Device: sim.Open(sim.Config{AllocLimit: matrix / 2})},
			fleet.Device{Name: "b", Device: computing(t, sim.Config{Fault: loseAt(1)}), Reopen: late(again, time.Second)},
			fleet.Device{Name: "c", Device: computing(t, sim.Config{Fault: loseAt(1)})},
		)
		v, w := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		require.Equal(t, []string{"b load 1", "c load 2"}, r.diary.told())
		j, y := product(w)
		for _, x := range []*fleet.Operand{v, w} {
			j, _ := product(x)
			require.ErrorIs(t, r.Do(background, j), device.ErrLost)
		}
		start := time.Now()
		require.NoError(t, r.Do(background, j))
		require.EqualValues(t, 128, y[5])
		require.GreaterOrEqual(t, time.Since(start), time.Second)
		require.Contains(t, r.diary.told(), "b load 2")
		r.end(t)
	})
}
