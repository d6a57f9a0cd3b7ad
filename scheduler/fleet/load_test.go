package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
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

// Close waits for copies and for what a look begins, so once Close has begun a look
// begins nothing.
func TestLookBesideClose(t *testing.T) {
	Bubble(t, func(t *testing.T) {
		ctx := context.Background()
		d := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Lost() }})
		f, err := Open(ctx, Config{Devices: []Device{{Name: "a", Device: d}}})
		require.NoError(t, err)
		one := func() tensor.View { return tensor.Matrix([]float32{1}, 1, 1) }
		w, err := f.Load(one())
		require.NoError(t, err)
		h, err := f.Submit(ctx, &job.Matmul{A: w.View(), B: one(), C: one()})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.ErrorIs(t, h.Err(), device.ErrLost)
		look := func(closed bool) {
			f.mu.Lock()
			f.closed = closed
			f.look()
			f.mu.Unlock()
		}
		m := f.members[0]
		look(true)
		require.Equal(t, lost, m.state)
		require.Len(t, m.copies, 1, "left to Close")
		m.state = restarting
		look(false)
		require.Empty(t, m.copies)
		require.NoError(t, f.Close(ctx))
		require.ErrorIs(t, f.settle(ctx, &version{operand: w, slots: make([]slot, 1)}), job.ErrClosed)
	})
}

// Close does not wait for an Update that is reading the caller's memory, which then
// finds the fleet closed.
func TestUpdateBesideClose(t *testing.T) {
	Bubble(t, func(t *testing.T) {
		ctx := context.Background()
		d := sim.Open(sim.Config{})
		f, err := Open(ctx, Config{Devices: []Device{{Name: "a", Device: d}}})
		require.NoError(t, err)
		one := tensor.Matrix([]float32{1}, 1, 1)
		o, err := f.Load(one)
		require.NoError(t, err)
		<-o.turn
		require.NoError(t, f.Close(ctx))
		require.Zero(t, d.BytesInUse())
		o.turn <- struct{}{}
		require.ErrorIs(t, o.Update(one), job.ErrClosed)
		require.Zero(t, f.host)
	})
}
