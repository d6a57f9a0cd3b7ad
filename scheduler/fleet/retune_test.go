package fleet_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Of two at a time the second begins when the first is through: here that fails
// on b, which takes long to say so as its operands are moving, and takes back what
// it changed on a.
func TestRetuneTakesTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		few := kernels.Caps{SIMDReduction: true, SIMDWidth: 8, MaxThreadgroup: 64}
		slow := sim.Open(sim.Config{Discrete: true, Launch: time.Minute, Caps: few})
		f, err := fleet.Open(background, fleet.Config{
			Scheduler: scheduler.Config{HangAfter: time.Hour},
			Devices: []fleet.Device{
				{Name: "a", Device: sim.Open(sim.Config{AllocLimit: matrix})}, // it holds nothing
				{Name: "b", Device: lostAfter(1, sim.Config{Caps: few}), Reopen: func() (device.Device, error) { return slow, nil }},
			},
		})
		require.NoError(t, err)
		j, _ := product(weight(t, f, 64, 1))
		require.ErrorIs(t, f.Do(background, j), device.ErrLost)
		synctest.Wait() // the operand is on its way

		retune := func(change func(*policy.Prefs)) <-chan error {
			prefs, retuned := policy.DefaultPrefs(), make(chan error, 1)
			change(&prefs)
			go func() { retuned <- f.Retune(prefs) }()
			synctest.Wait()
			return retuned
		}
		first := retune(func(p *policy.Prefs) { p.MatmulBackend = policy.MatmulMPS })
		second := retune(func(p *policy.Prefs) { p.SmallNMaxN = 2 })
		var wrong *policy.PrefError
		require.ErrorAs(t, <-first, &wrong)
		require.NoError(t, <-second)
		require.Equal(t, 2, f.Prefs().SmallNMaxN)
		require.NoError(t, f.Close(background))
	})
}
