package scheduler

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

// Operands go from a device whose memory the host can address to one where it
// cannot, and on from there: be they copied for that case or lasting.
func TestContentsAfterTwoMoves(t *testing.T) {
	for name, shared := range map[string]Shared{"copied": nil, "lasting": nobody{}} {
		t.Run(name, func(t *testing.T) {
			Bubble(t, func(t *testing.T) {
				ctx := context.Background()
				// The second is lost with its third batch: the upload is one.
				next := []device.Device{Dying(t, true, 3), Dying(t, false, 0)}
				s, err := Open(ctx, Config{Device: Dying(t, false, 1), Reopen: func() (device.Device, error) {
					d := next[0]
					next = next[1:]
					return d, nil
				}})
				require.NoError(t, err)
				o, err := s.load(tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2), shared)
				require.NoError(t, err)
				c := make([]float32, 2)
				product := &job.Matmul{A: o.View(), B: tensor.Vector([]float32{1, 1}), C: tensor.Vector(c)}
				for i, lost := range []bool{true, false, true, false} {
					clear(c)
					err := s.Do(ctx, product)
					if lost {
						require.ErrorIs(t, err, device.ErrLost, "job %d", i)
						time.Sleep(time.Minute)
						continue
					}
					require.NoError(t, err, "job %d", i)
					require.Equal(t, []float32{3, 7}, c, "job %d", i)
				}
				require.NoError(t, s.Close(ctx))
			})
		})
	}
}

// A device that hangs while operands move there reads nothing that is freed when
// they have moved elsewhere.
func TestMoveThatHangs(t *testing.T) {
	Bubble(t, func(t *testing.T) {
		ctx := context.Background()
		var read tensor.View
		hung := sim.Open(sim.Config{Discrete: true, Fault: func(b *device.Batch) sim.Fault {
			read = b.Stages[0].Copies[0].Src.View
			return sim.Hang()
		}})
		next := []device.Device{hung, sim.Open(sim.Config{})}
		s, err := Open(ctx, Config{Device: Dying(t, false, 1), Reopen: func() (device.Device, error) {
			d := next[0]
			next = next[1:]
			return d, nil
		}})
		require.NoError(t, err)
		o, err := s.Load(tensor.Matrix([]float32{1, 2}, 1, 2))
		require.NoError(t, err)
		freed := o.current.Load().Buffer().Pointer()
		x, c := tensor.Vector([]float32{1, 1}), tensor.Vector([]float32{0})
		require.ErrorIs(t, s.Do(ctx, &job.Matmul{A: o.View(), B: x, C: c}), device.ErrLost)
		time.Sleep(time.Minute)
		require.True(t, s.Up())
		require.EqualValues(t, 2, read.Value(0, 0, 1))
		require.NotEqual(t, freed, read.Base())
		hung.Release()
		require.NoError(t, s.Close(ctx))
	})
}

// nobody has an operand on every scheduler that has loaded it.
type nobody struct{}

func (nobody) On(context.Context, *Scheduler, *Outbox) (*Operand, error) { return nil, job.ErrReleased }

// What is not there is not loaded.
func TestHomeLoadsNothing(t *testing.T) {
	d := sim.Open(sim.Config{})
	_, err := (&home{device: d}).load(&copyOf{}, tensor.View{}, false, 0)
	require.ErrorIs(t, err, errGone)
	require.Zero(t, d.BytesInUse())
}
