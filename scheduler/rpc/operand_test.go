package rpc_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// An Operand that Load did not return, since it returned an error, is refused by name:
// not taken for one that was left out.
func TestNilOperand(t *testing.T) {
	s := startRig(t, rigConfig{}).dial(rpc.Config{})
	var w *rpc.Operand
	v := func(n int) tensor.View { return tensor.Vector(make([]float32, n)) }
	for field, j := range map[string]job.Job{
		"A":    &job.Matmul{A: w.View(), B: v(2), C: v(2)},
		"B":    &job.Matmul{A: v(1), B: w.T(), C: v(1)},
		"Bias": &job.Matmul{A: v(1), B: v(1), C: v(1), Bias: w.View()},
		"Y":    &job.Softmax{X: v(2), Y: w.View()},
	} {
		err := s.Do(t.Context(), j)
		require.ErrorIs(t, err, job.ErrInvalid, field)
		require.ErrorContains(t, err, "job: invalid "+field+": tensor: operand is nil; allowed: one that was loaded without an error")
	}
	require.ErrorIs(t, w.Update(v(2)), job.ErrInvalid)
	w.Release()
}

// A client that looks for its operands on a new server, and is not answered, looks again:
// they may be there.
func TestOperandsAreLookedForAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := startRig(t, rigConfig{address: path})
	c := first.dial(rpc.Config{RetryFor: time.Minute, Header: http.Header{"Whose": {"c"}}})
	weights := tensor.Matrix(numbers(16, 1), 4, 4)
	w, err := c.Load(weights)
	require.NoError(t, err)
	use := func() error {
		return c.Do(t.Context(), &job.Matmul{A: w.View(), B: tensor.Vector(numbers(4, 1)), C: tensor.Vector(make([]float32, 4))})
	}
	require.NoError(t, use())
	first.stop()

	var ready atomic.Bool
	var finds atomic.Int64
	second := startRig(t, rigConfig{address: path, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.Header.Get("Whose") == "c" && (!ready.Load() || strings.HasSuffix(q.URL.Path, "FindOperand") && finds.Add(1) == 1) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, q)
		})
	}})
	_, err = second.dial(rpc.Config{}).Load(weights)
	require.NoError(t, err)
	ready.Store(true)
	require.NoError(t, use())
	require.Greater(t, finds.Load(), int64(1))
}
