package rpc_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

var _ job.Doer = (*scheduler.Scheduler)(nil)

func numbers(n int, seed uint64) []float32 {
	r, list := rand.New(rand.NewPCG(seed, 1)), make([]float32, n)
	for i := range list {
		list[i] = r.Float32() - 0.5
	}
	return list
}

// each runs a test by both ways of running jobs and compares the bits.
func sameBits(t *testing.T, run func(t *testing.T, d job.Doer) [][]float32) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{DeviceName: "cpu"})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	want := run(t, s)
	for _, tcp := range []bool{false, true} {
		got := run(t, startRig(t, rigConfig{tcp: tcp}).dial(rpc.Config{}))
		require.Equal(t, want, got)
	}
}

// A program does not see whether it has a scheduler or a client.
func TestSameBitsAsInProcess(t *testing.T) {
	sameBits(t, func(t *testing.T, d job.Doer) [][]float32 {
		w, err := d.LoadOperand(tensor.Matrix(numbers(96*64, 1), 96, 64))
		require.NoError(t, err)
		defer w.Release()
		ctx := t.Context()
		y := make([]float32, 96)
		require.NoError(t, d.Do(ctx, &job.Matmul{A: w.View(), B: tensor.Vector(numbers(64, 2)), C: tensor.Vector(y)}))

		// The transpose of an operand, a slice of it, a bias, and beta.
		whole := w.T()
		z := numbers(32*3, 3)
		require.NoError(t, d.Do(ctx, &job.Matmul{
			A: whole.Slice(8, 40, 0, 96), B: tensor.Matrix(numbers(96*3, 4), 96, 3), C: tensor.Matrix(z, 32, 3),
			Bias: tensor.Matrix(numbers(3, 5), 1, 3), Scale: job.AlphaBeta(0.5, 2),
		}))

		// Strided views, and a result among other numbers.
		wide := tensor.Matrix(numbers(10*20, 6), 10, 20)
		grid := numbers(10*20, 7)
		c := tensor.Matrix(grid, 10, 20)
		require.NoError(t, d.Do(ctx, &job.Matmul{
			A: wide.Slice(0, 5, 2, 9), B: wide.Slice(3, 10, 11, 17), C: c.Slice(2, 7, 4, 10), TransA: false,
		}))

		// Batched, and transposed by flag.
		batch := make([]float32, 3*4*5)
		require.NoError(t, d.Do(ctx, &job.Matmul{
			A: tensor.Batch(numbers(3*6*4, 8), 3, 6, 4), TransA: true, B: tensor.Matrix(numbers(6*5, 9), 6, 5), C: tensor.Batch(batch, 3, 4, 5),
		}))

		// Softmax, in place too.
		soft := make([]float32, 4*9)
		require.NoError(t, d.Do(ctx, &job.Softmax{
			X: tensor.Matrix(numbers(4*9, 10), 4, 9), Y: tensor.Matrix(soft, 4, 9), Causal: true, QueryOffset: 2,
		}))
		place := numbers(4*9, 11)
		require.NoError(t, d.Do(ctx, &job.Softmax{X: tensor.Matrix(place, 4, 9)}))

		// Attention of grouped heads to a loaded cache, of halves too.
		keys, err := d.LoadOperand(tensor.Batch(numbers(2*7*6, 12), 2, 7, 6))
		require.NoError(t, err)
		defer keys.Release()
		attended, rounded := make([]float32, 4*3*5), make([]float32, 4*3*6)
		require.NoError(t, d.Do(ctx, &job.Attention{
			Q: tensor.Batch(numbers(4*3*6, 13), 4, 3, 6), K: keys.View(), V: tensor.Batch(numbers(2*7*5, 14), 2, 7, 5),
			O: tensor.Batch(attended, 3, 4, 5).Strided(tensor.Dims{4, 3, 5}, tensor.Dims{5, 20, 1}, 0), Causal: true, QueryOffset: -1,
		}))
		half := func(n, rows int, seed uint64) tensor.View {
			return tensor.Batch(tensor.ConvertSlice[tensor.Float16](numbers(n*rows*6, seed)), n, rows, 6)
		}
		require.NoError(t, d.Do(ctx, &job.Attention{
			Q: half(4, 3, 15), K: half(4, 7, 16), V: half(4, 7, 17), O: tensor.Batch(rounded, 4, 3, 6), Scale: 2,
		}))
		return [][]float32{y, z, grid, batch, soft, place, attended, rounded}
	})
}

// Groups, handles and updates.
func TestGroupsAndUpdates(t *testing.T) {
	sameBits(t, func(t *testing.T, d job.Doer) [][]float32 {
		w, err := d.LoadOperand(tensor.Matrix(numbers(16*16, 1), 16, 16))
		require.NoError(t, err)
		results := make([][]float32, 40)
		jobs := make([]job.Job, len(results))
		for i := range jobs {
			results[i] = make([]float32, 16)
			jobs[i] = &job.Matmul{A: w.View(), B: tensor.Vector(numbers(16, uint64(i))), C: tensor.Vector(results[i])}
		}
		require.NoError(t, d.DoAll(t.Context(), jobs[:20]))
		handles, err := d.SubmitAll(t.Context(), jobs[20:30])
		require.NoError(t, err)
		require.NoError(t, w.Update(tensor.Matrix(numbers(16*16, 2), 16, 16)))
		for _, j := range jobs[30:] {
			h, err := d.Submit(t.Context(), j)
			require.NoError(t, err)
			handles = append(handles, h)
		}
		for _, h := range handles {
			require.NoError(t, h.Wait(t.Context()))
		}
		w.Release()
		require.ErrorIs(t, d.Do(t.Context(), jobs[0]), job.ErrReleased)
		return results
	})
}

// What a job is refused for is the same error.
func TestErrorsAreTyped(t *testing.T) {
	c := startRig(t, rigConfig{scheduler: scheduler.Config{Limits: job.Limits{Jobs: 2, TenantBytes: 1 << 20}}}).dial(rpc.Config{})
	one := func(n int) *job.Softmax { return &job.Softmax{X: tensor.Matrix(make([]float32, n), 1, n)} }

	var invalid *job.InvalidError
	err := c.Do(t.Context(), &job.Matmul{A: tensor.Vector(make([]float32, 2)), B: tensor.Vector(make([]float32, 3)), C: tensor.Vector(make([]float32, 2))})
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "B.rows", invalid.Field)

	err = c.Do(t.Context(), one(1<<20)) // the server's limit, not the client's
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "size", invalid.Field)
	require.Contains(t, invalid.Allowed, "1048576")

	err = c.DoAll(t.Context(), []job.Job{one(8), one(8), one(8)})
	require.ErrorIs(t, err, job.ErrInvalid) // more than 2 at once fit never

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Do(ctx, one(8)), job.ErrCancelled)
	past := one(8)
	past.Deadline = time.Now().Add(-time.Second)
	require.ErrorIs(t, c.Do(t.Context(), past), job.ErrExpired)

	_, err = c.Load(tensor.View{})
	require.ErrorIs(t, err, job.ErrInvalid)
}

// What is malformed is in the books as rejected, whoever refuses it: the client,
// which tells no server of it, as well as a scheduler.
func TestRejectedIsCounted(t *testing.T) {
	var nobody *job.Softmax
	refuse := func(t *testing.T, d job.Doer) job.Audit {
		good := func() job.Job { return &job.Softmax{X: tensor.Matrix(make([]float32, 8), 2, 4)} }
		bad := &job.Softmax{X: tensor.Matrix(make([]float32, 8), 2, 4), Y: tensor.Matrix(make([]float32, 10), 2, 5)}
		require.ErrorIs(t, d.Do(t.Context(), bad), job.ErrInvalid)
		require.ErrorIs(t, d.Do(t.Context(), nil), job.ErrInvalid)
		require.ErrorIs(t, d.Do(t.Context(), nobody), job.ErrInvalid)
		_, err := d.Submit(t.Context(), bad)
		require.ErrorIs(t, err, job.ErrInvalid)
		require.ErrorIs(t, d.DoAll(t.Context(), []job.Job{good(), bad, good()}), job.ErrInvalid)
		require.NoError(t, d.Do(t.Context(), good()))
		return d.(interface{ Audit() job.Audit }).Audit()
	}
	s, err := scheduler.Open(t.Context(), scheduler.Config{DeviceName: "cpu"})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	want := refuse(t, s)
	require.Equal(t, job.Audit{Submitted: 8, Done: 1, Rejected: 7}, want)
	r := startRig(t, rigConfig{})
	require.Equal(t, want, refuse(t, r.dial(rpc.Config{Tenant: "t"})))
	require.EqualValues(t, 1, r.scheduler.Audit().Submitted, "the server never saw the others")
}

// Sixty-four clients, with a connection each, share one weight.
func TestManyClientsShareAWeight(t *testing.T) {
	const clients, rounds, n = 64, 20, 128
	r := startRig(t, rigConfig{})
	w := tensor.Matrix(numbers(n*n, 1), n, n)
	x := numbers(n, 2)
	want := make([]float32, n)
	require.NoError(t, r.scheduler.Do(t.Context(), &job.Matmul{A: w, B: tensor.Vector(x), C: tensor.Vector(want)}))

	var all sync.WaitGroup
	for range clients {
		c := r.dial(rpc.Config{})
		all.Go(func() {
			o, err := c.Load(w)
			if err != nil {
				t.Error(err)
				return
			}
			for range rounds {
				y := make([]float32, n)
				if err := c.Do(t.Context(), &job.Matmul{A: o.View(), B: tensor.Vector(x), C: tensor.Vector(y)}); err != nil {
					t.Error(err)
				}
				for i := range y {
					if d := y[i] - want[i]; d > 1e-4 || d < -1e-4 {
						t.Errorf("element %d is %v, not %v", i, y[i], want[i])
						return
					}
				}
			}
		})
	}
	all.Wait()
	list := listOperands(t, r)
	require.Len(t, list, 1) // one operand, whoever loaded it
	require.Equal(t, int64(clients), list[0].GetHolds())
	require.Equal(t, int64(clients*rounds+1), r.scheduler.Audit().Done)
}
