package rpc_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

func requireGone(t *testing.T, err, kind error) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var gone *device.MemoryError
	require.ErrorAs(t, err, &gone)
	require.NotZero(t, gone.Address)
}

// counted counts the streams of jobs that were opened.
func counted(streams *atomic.Int64) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/SubmitStream") {
				streams.Add(1)
			}
			h.ServeHTTP(w, r)
		})
	}
}

// Jobs whose operands cannot be read fail; others of the same message are done, on
// the same connection, and nothing is left of either.
func TestOperandFaults(t *testing.T) {
	var streams atomic.Int64
	c := startRig(t, rigConfig{wrap: counted(&streams)}).dial(rpc.Config{})
	memory := devicetest.Mapped(t, 4*1024, unix.PROT_NONE)
	gaps, dense := tensor.Bytes(memory[:4*24], tensor.F32, 1, 3, 8), tensor.Bytes(memory[:12], tensor.F32, 1, 3, 1)
	gaps.Columns(0, 1) // copied when the job is submitted
	var jobs []job.Job
	var results []tensor.View
	for i := range 9 {
		y := tensor.Matrix(make([]float32, 1), 1, 1)
		j := &job.Matmul{A: tensor.Matrix([]float32{1, 2, 3}, 1, 3), B: tensor.Matrix([]float32{4, 5, 6}, 3, 1), C: y}
		if i%3 == 1 {
			j.B = dense
		}
		jobs, results = append(jobs, j), append(results, y)
	}
	requireGone(t, c.DoAll(t.Context(), jobs), job.ErrFailed)
	handles, err := c.SubmitAll(t.Context(), jobs)
	require.NoError(t, err)
	for i, h := range handles {
		if err := h.Wait(t.Context()); i%3 == 1 {
			requireGone(t, err, job.ErrFailed)
			continue
		}
		require.NoError(t, h.Err())
		require.EqualValues(t, 32, results[i].Value(0, 0, 0))
	}
	for _, j := range jobs {
		j.(*job.Matmul).B = gaps
		requireGone(t, c.Do(t.Context(), j), job.ErrFailed)
	}
	// A result in shared memory is the caller's again: the server never had the job.
	shared := jobs[0].(*job.Matmul)
	shared.B = dense
	_, shared.C = shareFloats(t, c, 1)
	err = c.Do(t.Context(), shared)
	requireGone(t, err, job.ErrFailed)
	require.NotErrorIs(t, err, job.ErrMemoryHeld)
	require.EqualValues(t, 1, streams.Load())
	a := c.Audit()
	require.True(t, a.Balances() && a.InFlight == 0, "%+v", a)
	require.EqualValues(t, 12, a.Done)
	require.NoError(t, c.Close(context.Background()))
}

// So does a job that the server has already, if its operand is gone when it is to
// be sent again; the server is told.
func TestOperandFaultsWhenSentAgain(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	target, cable := newCable(t, r.listener.Addr().String())
	r.target = target
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	memory := devicetest.Mapped(t, 4*1, unix.PROT_NONE)
	require.NoError(t, unix.Mprotect(memory, unix.PROT_READ))
	lost, err := c.Submit(t.Context(), &job.Softmax{
		X: tensor.Bytes(memory[:4], tensor.F32, 1, 1, 1), Y: tensor.Matrix(make([]float32, 1), 1, 1),
	})
	require.NoError(t, err)
	kept, err := c.Submit(t.Context(), softmax(3))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 2 })
	require.NoError(t, unix.Mprotect(memory, unix.PROT_NONE))
	cable.cut()
	requireGone(t, lost.Wait(t.Context()), job.ErrFailed)
	waitFor(t, func() bool { return r.scheduler.Audit().Cancelled == 1 })
	release()
	require.NoError(t, kept.Wait(t.Context()))
	require.EqualValues(t, 1, r.scheduler.Audit().Done)
}

// Likewise operands to be loaded, also if they vanish while they are sent.
func TestLoadFaults(t *testing.T) {
	const n = 1 << 18
	file, err := os.Create(filepath.Join(t.TempDir(), "weights"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.NoError(t, file.Truncate(4*n))
	mapped, err := unix.Mmap(int(file.Fd()), 0, 4*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(mapped)) }()
	cut := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/FindOperand") { // it was hashed
				_ = file.Truncate(4096)
			}
			h.ServeHTTP(w, r)
		})
	}
	c := startRig(t, rigConfig{wrap: cut}).dial(rpc.Config{ChunkBytes: 4096})
	_, err = c.Load(tensor.Bytes(devicetest.Mapped(t, 4*1024, unix.PROT_NONE), tensor.F32, 1, 32, 32))
	requireGone(t, err, job.ErrInvalid)
	_, err = c.Load(tensor.Bytes(devicetest.Mapped(t, 4*1024, unix.PROT_NONE), tensor.F32, 1, 32, 32).T())
	requireGone(t, err, job.ErrInvalid)
	_, err = c.Load(tensor.Bytes(mapped, tensor.F32, 1, 512, 512))
	requireGone(t, err, job.ErrInvalid)
	require.NoError(t, file.Truncate(4*n))
	o, err := c.Load(tensor.Matrix(make([]float32, n), 512, 512))
	require.NoError(t, err)
	o.Release()
}
