package fleet_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// closing counts how often a recorder was closed.
type closing struct {
	metrics.Discard
	n int
}

func (c *closing) Close(context.Context) error {
	c.n++
	return nil
}

// A wrong Config is named, and a recorder that is ours to close is closed.
func TestWrongConfig(t *testing.T) {
	for _, c := range []struct {
		cfg   fleet.Config
		field string
	}{
		{fleet.Config{OperandBytes: -1}, "OperandBytes"},
		{fleet.Config{HostBytes: -1}, "HostBytes"},
		{fleet.Config{Scheduler: scheduler.Config{Trace: true}}, "Trace"},
	} {
		for _, ours := range []bool{true, false} {
			var recorder closing
			c.cfg.Scheduler.Recorder, c.cfg.Scheduler.CloseRecorder = &recorder, ours
			_, err := fleet.Open(background, c.cfg)
			var wrong *scheduler.ConfigError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, c.field, wrong.Field)
			require.Equal(t, ours, recorder.n == 1, "%d times", recorder.n)
		}
	}
}

// Whether there are such devices or not, the recorder is closed in the end.
func TestRecorderIsClosedWithoutDevices(t *testing.T) {
	var recorder closing
	s, err := fleet.OpenService(background, scheduler.Config{DeviceName: "cuda:all", Recorder: &recorder, CloseRecorder: true})
	if err == nil {
		require.NoError(t, s.Close(background))
	}
	require.Equal(t, 1, recorder.n)
}
