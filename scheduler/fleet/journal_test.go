package fleet_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// rude is a recorder that does something to whoever tells it of a placement.
type rude struct {
	diary
	do func()
}

func (r *rude) Trace(*metrics.Event) { r.do() }

// A recorder that panics, or ends the goroutine, is no harm to the fleet.
func TestRudeRecorder(t *testing.T) {
	for name, do := range map[string]func(){
		"panics": func() { panic("recorder") },
		"quits":  runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f, err := fleet.Open(background, fleet.Config{
					Devices:   []fleet.Device{{Name: "a", Device: steady(0, 0)}, {Name: "b", Device: steady(0, 0)}},
					Scheduler: scheduler.Config{Recorder: &rude{do: do}},
				})
				require.NoError(t, err)
				w := weight(t, f, 64, 1)
				j, _ := product(w)
				require.NoError(t, f.Do(background, j))
				w.Release()
				require.NoError(t, f.Close(background))
			})
		})
	}
}
