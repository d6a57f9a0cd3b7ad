package devicetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testOrder doubles a number again and again, copy and dispatch in turn,
// within a batch and from batch to batch without waiting.
func testOrder(t *testing.T, b *bench) {
	const batches, rounds = 10, 5
	mm := newIdentity(t, b)
	var round []device.Stage
	for range rounds {
		round = append(round,
			device.Stage{Dispatches: []device.Dispatch{mm.dispatch}},
			copyStage(mm.in, mm.out))
	}
	values := make([]float32, identitySize)
	for i := range values {
		values[i] = float32(i)
	}
	host := device.Host(tensor.Vector(values))
	require.NoError(t, b.run(copyStage(mm.in, host)))
	var all sync.WaitGroup
	errs := make([]error, batches)
	for i := range batches {
		all.Add(1)
		b.queue.Commit(&device.Batch{Stages: round, Done: func(_ *device.Batch, _ device.Timing, err error) {
			errs[i] = err
			all.Done()
		}})
	}
	require.NoError(t, b.run(copyStage(host, mm.in)))
	all.Wait()
	for i, err := range errs {
		require.NoError(t, err, "batch %d", i)
	}
	for i, v := range values {
		require.Equal(t, float32(i)*(1<<(batches*rounds)), v)
	}
}

// testQueues runs several queues at once, each with work large enough to be
// spread.
func testQueues(t *testing.T, b *bench) {
	const queues, elements = 3, 1 << 17
	var all sync.WaitGroup
	errs := make([]error, queues)
	data := make([][]float32, queues)
	for i := range queues {
		data[i] = make([]float32, 2*elements)
		for j := range elements {
			data[i][j] = float32(i + j)
		}
		buffer := b.alloc(t, device.SpaceDevice, 4*elements)
		q := openQueue(t, b.device)
		all.Go(func() {
			from := device.Host(tensor.Vector(data[i][:elements]).T())
			to := device.Host(tensor.Vector(data[i][elements:]).T())
			for range 10 {
				_, err := device.AwaitBatch(q, &device.Batch{Stages: []device.Stage{
					copyStage(whole(buffer, elements), from), copyStage(to, whole(buffer, elements)),
				}})
				errs[i] = firstError(errs[i], err)
			}
			errs[i] = firstError(errs[i], q.Close())
		})
	}
	all.Wait()
	for i := range queues {
		require.NoError(t, errs[i])
		require.Equal(t, data[i][:elements], data[i][elements:])
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// testFailure gives a kernel the bindings of another. The batch fails, its
// later stages do not run, and the queue goes on.
func testFailure(t *testing.T, b *bench) {
	mm := newIdentity(t, b)
	wrong := mm.dispatch
	wrong.Matmul = nil
	x := device.In(b.alloc(t, device.SpaceShared, 64), tensor.F32, tensor.Dims{1, 1, 4}, 0)
	wrong.Softmax = &device.Softmax{X: x, Y: x, Rows: []device.RowRun{{Rows: 1, Cols: 4, Limit: 4}}}
	ones, zeros := make([]float32, identitySize), make([]float32, identitySize)
	for i := range ones {
		ones[i] = 1
	}
	in := device.Host(tensor.Vector(ones))
	require.NoError(t, b.run(copyStage(mm.in, in), copyStage(mm.out, device.Host(tensor.Vector(zeros)))))
	for range 3 {
		var failed *device.KernelError
		err := b.run(device.Stage{Dispatches: []device.Dispatch{wrong}}, copyStage(mm.out, mm.in))
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "matmul_mlx", failed.Kernel)

		got := make([]float32, identitySize)
		require.NoError(t, b.run(copyStage(device.Host(tensor.Vector(got)), mm.out)))
		require.Equal(t, zeros, got, "a stage ran after the one that failed")
	}
	require.NoError(t, b.run(device.Stage{Dispatches: []device.Dispatch{mm.dispatch}}, copyStage(in, mm.out)))
	require.EqualValues(t, 2, ones[0])
}
