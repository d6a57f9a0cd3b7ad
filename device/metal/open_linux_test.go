package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
)

func TestOpenWithoutMacOS(t *testing.T) {
	d, err := Open(Config{})
	require.Nil(t, d)
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "METALLIC_METAL_LIBRARY=simulated")
}

func TestOpenOfAGPUThatDoesNotWork(t *testing.T) {
	s := simulator(t)
	s.FailCommand(metalsim.Internal, 0)
	_, err := Open(config(s))
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "a first command")
	d, err := Open(config(s))
	require.NoError(t, err)
	require.NoError(t, d.Close())
}
