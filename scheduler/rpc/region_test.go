//go:build linux

package rpc_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

func shareFloats(t *testing.T, c *rpc.Client, n int) (*rpc.Region, tensor.View) {
	r, err := c.Share(t.Context(), 4*n)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r, tensor.Bytes(r.Bytes(), tensor.F32, 1, 1, n)
}

// at views rows x cols numbers of shared memory from an element on.
func at(all tensor.View, from, rows, cols int) tensor.View {
	return all.Strided(tensor.Dims{1, rows, cols}, tensor.Dims{rows * cols, cols, 1}, from)
}

func put(v tensor.View, list []float32) {
	for i, x := range list {
		v.SetValue(0, i/v.Cols(), i%v.Cols(), x)
	}
}

func get(v tensor.View) (list []float32) {
	for i := range v.Rows() {
		for j := range v.Cols() {
			list = append(list, v.Value(0, i, j))
		}
	}
	return list
}

// Shared memory gives the same bits, and nothing of it crosses the socket: the
// server takes no message as large as these operands.
func TestSharedMemory(t *testing.T) {
	const m, k, n = 300, 200, 100
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: 32 << 10}}})
	c := r.dial(rpc.Config{ChunkBytes: 16 << 10})
	a, b, before := numbers(m*k, 1), numbers(k*n, 2), numbers(m*n, 3)
	want := append([]float32(nil), before...)
	require.NoError(t, r.scheduler.Do(t.Context(), &job.Matmul{
		A: tensor.Matrix(a, m, k), B: tensor.Matrix(b, k, n), C: tensor.Matrix(want, m, n), Scale: job.AlphaBeta(1, 0.5),
	}))
	_, all := shareFloats(t, c, m*k+k*n+m*n+2*n)
	av, bv, cv := at(all, 0, m, k), at(all, m*k, k, n), at(all, m*k+k*n, m, n)
	put(av, a)
	put(bv, b)
	put(cv, before)
	require.NoError(t, c.Do(t.Context(), &job.Matmul{A: av, B: bv, C: cv, Scale: job.AlphaBeta(1, 0.5)}))
	require.Equal(t, want, get(cv))

	// A loaded operand, and a result among other numbers.
	w, err := c.Load(tensor.Matrix(a[:50*k], 50, k))
	require.NoError(t, err)
	put(cv, before)
	require.NoError(t, c.Do(t.Context(), &job.Matmul{A: w.View(), B: bv.Slice(0, k, 0, 7), C: cv.Slice(10, 60, 20, 27)}))
	got := get(cv)
	require.Equal(t, before[:10*n+20], got[:10*n+20])
	require.NotEqual(t, before[10*n+20], got[10*n+20])
	require.Equal(t, before[10*n+27], got[10*n+27])

	// Softmax, in place and beside.
	row, beside := at(all, m*k+k*n+m*n, 1, n), at(all, m*k+k*n+m*n+n, 1, n)
	put(row, before[:n])
	require.NoError(t, c.Do(t.Context(), &job.Softmax{X: row, Y: beside}))
	require.NoError(t, c.Do(t.Context(), &job.Softmax{X: row}))
	require.Equal(t, get(beside), get(row))

	// Attention: over one key the result is its value.
	result := at(all, m*k+k*n, 1, n)
	require.NoError(t, c.Do(t.Context(), &job.Attention{Q: row, K: beside, V: at(all, 0, 1, n), O: result}))
	require.Equal(t, a[:n], get(result))
}

// A job whose result is in shared memory ends when the server says so, also when
// it is cancelled.
func TestSharedResultsAreNotGivenUpEarly(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	c := r.dial(rpc.Config{})
	_, all := shareFloats(t, c, 8)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Do(ctx, &job.Softmax{X: all}) }()
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	cancel()
	require.ErrorIs(t, <-ended, job.ErrCancelled)
	require.Equal(t, int64(1), r.scheduler.Audit().Cancelled)

	h, err := c.Submit(t.Context(), &job.Softmax{X: all})
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	h.Cancel()
	require.NoError(t, h.Err()) // it goes on
	release()
	waitFor(t, func() bool { _, ok := h.Outcome(); return ok })
}

// Jobs on shared memory survive broken connections, run once, and know of a
// restart.
func TestSharedMemoryAndFaults(t *testing.T) {
	address := filepath.Join(t.TempDir(), "s")
	r := startRig(t, rigConfig{address: address})
	target, cable := newCable(t, address)
	require.NoError(t, os.Symlink(address+server.SharedSuffix, strings.TrimPrefix(target, "unix://")+server.SharedSuffix))
	r.target = target
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	_, all := shareFloats(t, c, 64)
	one, zero := tensor.Matrix([]float32{1}, 1, 1), tensor.Matrix(make([]float32, 8), 1, 8)
	double := func(v tensor.View) error { // C = 2C
		return c.Do(context.Background(), &job.Matmul{A: one, B: zero, C: v, Scale: job.AlphaBeta(1, 2)})
	}
	var workers sync.WaitGroup
	for i := range 4 {
		workers.Go(func() {
			v := at(all, 16*i, 1, 8)
			put(v, []float32{1, 1, 1, 1, 1, 1, 1, 1})
			for round := range 100 {
				if round%10 == i {
					cable.cut()
				}
				if err := double(v); err != nil {
					t.Error(err)
				}
			}
			if x := v.Value(0, 0, 3); x != 1<<100 {
				t.Errorf("C is %v after 100 doublings", x)
			}
		})
	}
	workers.Wait()
	require.Equal(t, int64(400), r.scheduler.Audit().Done)

	r.stop()
	second := startRig(t, rigConfig{address: address})
	err := double(at(all, 0, 1, 8))
	require.ErrorIs(t, err, job.ErrRestarted)
	require.ErrorContains(t, err, "share other")
	require.Zero(t, second.scheduler.Audit().Done)
}

// A job that is given up while there is no connection is cancelled when there is one.
func TestSharedResultIsGivenUpWhileAway(t *testing.T) {
	d, release := gated()
	var away atomic.Bool
	var tries atomic.Int64
	address := filepath.Join(t.TempDir(), "s")
	r := startRig(t, rigConfig{address: address, scheduler: scheduler.Config{Device: d}, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if away.Load() {
				tries.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, q)
		})
	}})
	t.Cleanup(release)
	target, cable := newCable(t, address)
	require.NoError(t, os.Symlink(address+server.SharedSuffix, strings.TrimPrefix(target, "unix://")+server.SharedSuffix))
	r.target = target
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	_, all := shareFloats(t, c, 8)
	ctx, cancel := context.WithCancel(t.Context())
	h, err := c.Submit(ctx, &job.Softmax{X: all})
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	away.Store(true)
	cable.cut()
	waitFor(t, func() bool { return tries.Load() > 0 })
	cancel()
	seen := tries.Load()
	waitFor(t, func() bool { return tries.Load() > seen+1 }) // it is noticed meanwhile
	away.Store(false)
	waitFor(t, func() bool { _, ok := h.Outcome(); return ok })
	require.ErrorIs(t, h.Err(), job.ErrCancelled)
	require.EqualValues(t, 1, r.scheduler.Audit().Cancelled)
}

// What the server gives is bounded, and for its own sessions only.
func TestSharedMemoryIsBounded(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{SharedBytes: 2 << 20}}})
	c := r.dial(rpc.Config{})
	_, err := c.Share(t.Context(), 2<<20)
	require.ErrorContains(t, err, "1 to 1048576")
	_, err = c.Share(t.Context(), 0)
	require.ErrorContains(t, err, "1 to 1048576")
	first, err := c.Share(t.Context(), 1<<20)
	require.NoError(t, err)
	_, err = c.Share(t.Context(), 1)
	require.ErrorContains(t, err, "queue full")
	require.NoError(t, first.Close())
	require.NoError(t, first.Close())
	var second *rpc.Region
	waitFor(t, func() bool { // the server may be about to let go of the first
		second, err = c.Share(t.Context(), 1<<20)
		return err == nil
	})

	other := r.dial(rpc.Config{}) // the numbers are no secret
	_, err = other.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: someone, Job: &pb.Job{
		Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: &pb.Tensor{
			Dims: []int64{1, 4}, Memory: &pb.Tensor_Shared{Shared: &pb.SharedMemory{Region: 99, Length: 16}},
		}}},
	}}))
	require.ErrorContains(t, err, "no shared memory 99")
	require.NoError(t, second.Close())

	tcp := startRig(t, rigConfig{tcp: true}).dial(rpc.Config{})
	_, err = tcp.Share(t.Context(), 8)
	require.ErrorIs(t, err, job.ErrInvalid)
}
