package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A matrix whose memory is not there is refused, and takes no room.
func TestLoadWhatIsNotThere(t *testing.T) {
	memory, err := unix.Mmap(-1, 0, matrix, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(memory)) }()
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
