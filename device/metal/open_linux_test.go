package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestOpenWithoutMacOS(t *testing.T) {
	d, err := Open(Config{})
	require.Nil(t, d)
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "METALLIC_METAL_LIBRARY=simulated")
}
