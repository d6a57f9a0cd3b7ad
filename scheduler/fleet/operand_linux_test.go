package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A matrix whose memory is not there is refused, and takes no room.
func TestLoadWhatIsNotThere(t *testing.T) {
	memory := devicetest.Mapped(t, matrix, unix.PROT_NONE)
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{HostBytes: matrix}, computing(t, sim.Config{}))
		_, err := r.Load(tensor.Bytes(memory, tensor.F32, 1, 64, 64))
		require.ErrorIs(t, err, job.ErrInvalid)
		var gone *device.MemoryError
		require.ErrorAs(t, err, &gone)
		weight(t, r.Fleet, 64, 1)
		r.end(t)
	})
}
