package fleet

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A Load whose operand Close releases, before it has a copy, says so.
func TestLoadBesideClose(t *testing.T) {
	ctx := context.Background()
	f, err := Open(ctx, Config{Devices: []Device{{Name: "a", Device: sim.Open(sim.Config{})}}})
	require.NoError(t, err)
	o := &Operand{fleet: f, home: -1}
	v, err := f.keep(o, tensor.Matrix([]float32{1}, 1, 1))
	require.NoError(t, err)
	f.drop(v, "")
	require.ErrorIs(t, f.settle(ctx, v), errReplaced)
	require.NoError(t, f.Close(ctx))
	require.ErrorIs(t, f.settle(ctx, v), job.ErrClosed)
}
