package fleet

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Everything that the jobs of a group need is held where they go, until all are
// placed: not only the largest of what each needs, nor where it could not be had.
func TestGroupHoldsAllThatItNeeds(t *testing.T) {
	ctx := context.Background()
	f, err := Open(ctx, Config{OperandBytes: 1 << 20, Devices: []Device{
		{Name: "full", Device: sim.Open(sim.Config{AllocLimit: 4})}, {Name: "b", Device: sim.Open(sim.Config{})},
	}})
	require.NoError(t, err)
	load := func(rows int) *Operand {
		o, err := f.Load(tensor.Matrix(make([]float32, 2*rows), rows, 2))
		require.NoError(t, err)
		return o
	}
	small, large := load(2), load(3)
	f.mu.Lock()
	gone := []interface{ Release() }{f.clear(small.current, f.members[1]), f.clear(large.current, f.members[1])}
	f.mu.Unlock()
	for _, c := range gone {
		c.Release()
	}
	g := f.newGroup()
	j := &job.Matmul{A: large.View(), B: small.View(), C: tensor.Matrix(make([]float32, 6), 3, 2)}
	m, err := f.place(ctx, j, g, nil)
	require.NoError(t, err)
	require.Equal(t, "b", m.name)
	require.NotZero(t, f.members[0].counts.failed)
	held := func() (n [2][2]int64) {
		for i, o := range []*Operand{small, large} {
			for at := range n {
				n[at][i] = o.current.slots[at].pending
			}
		}
		return n
	}
	require.Equal(t, [2][2]int64{1: {1, 1}}, held())
	g.done()
	require.Zero(t, held())
	require.NoError(t, f.Close(ctx))
}
