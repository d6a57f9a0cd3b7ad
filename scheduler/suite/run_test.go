package suite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

var background = context.Background()

func open(t testing.TB, cfg suite.Config) *suite.Runner {
	r, err := suite.Open(background, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close(background)) })
	return r
}

// results runs cases once.
func results(t testing.TB, r *suite.Runner, cases []suite.Case, count int) (list []*suite.Result) {
	o := suite.Options{Benchtime: suite.Benchtime{Ops: 2}, Count: count}
	require.NoError(t, r.Run(background, cases, o, func(r *suite.Result) error {
		list = append(list, r)
		return nil
	}))
	return list
}

// each is the backends of a Work.
func each(w suite.Work, backends ...suite.Backend) (cases []suite.Case) {
	for _, b := range backends {
		cases = append(cases, suite.Case{Suite: "test_suite", Work: w, Backend: b})
	}
	return cases
}

var (
	matmuls   = []suite.Backend{suite.Auto, suite.SmallN, suite.SIMD, suite.MLX, suite.MPS, suite.GEMV}
	softmaxes = []suite.Backend{suite.Auto, suite.Vec, suite.Block, suite.Legacy}
)

// Whatever a backend was asked for computes it, rightly, or says why not.
func TestBackendsAreForced(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "cpu"}})
	var cases []suite.Case
	for _, dt := range tensor.DTypes {
		for _, w := range []suite.Matmul{
			{Batch: 1, M: 40, K: 33, N: 5, Loaded: "a", Alpha: 2.5, Beta: 1.5},
			{Batch: 1, M: 40, K: 33, N: 8, Loaded: "a", Alpha: 1, Jobs: 8},
			{Batch: 1, M: 1, K: 33, N: 70, Loaded: "b", Alpha: 1, TransB: true, Bias: true},
			{Batch: 3, M: 2, K: 9, N: 4, Loaded: "none", Alpha: 0.5, TransA: true},
		} {
			w.DType = dt
			cases = append(cases, each(w, matmuls...)...)
		}
		for _, s := range []suite.Softmax{{Rows: 3, Cols: 70}, {Rows: 70, Cols: 9, Causal: true}, {Rows: 2, Cols: 9000, Causal: true}} {
			s.DType = dt
			cases = append(cases, each(s, softmaxes...)...)
		}
	}
	measured := map[suite.Backend]int{}
	for _, got := range results(t, r, cases, 1) {
		asked := got.Case.Backend
		if got.Skip != "" {
			require.Contains(t, []suite.Backend{suite.MPS, suite.Vec, suite.SIMD}, asked, got.Skip)
			continue
		}
		measured[asked]++
		require.Positive(t, got.Checked, got.Case.Name())
		require.NotEmpty(t, got.Batches)
		for _, b := range got.Batches {
			require.Equal(t, got.Choice.Backend, b.Backend, got.Case.Name())
		}
		if asked != suite.Auto {
			require.Equal(t, string(asked), got.Choice.Backend, got.Case.Name())
		}
	}
	for _, b := range []suite.Backend{suite.Auto, suite.SmallN, suite.MLX, suite.GEMV, suite.Vec, suite.Block, suite.Legacy} {
		require.GreaterOrEqual(t, measured[b], 6, b)
	}
}

// A backend that the device does not have is not measured as another.
func TestMissingBackendsAreSkipped(t *testing.T) {
	d := sim.Open(sim.Config{Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 64, VendorHelp: "install it"}})
	r := open(t, suite.Config{Scheduler: scheduler.Config{Device: d}, Memory: 1 << 20})
	w := suite.Matmul{Batch: 1, M: 64, K: 64, N: 2, DType: tensor.F32, Loaded: "a", Alpha: 1}
	long := suite.Softmax{Rows: 1, Cols: 10000, DType: tensor.F32}
	large := suite.Matmul{Batch: 1, M: 1000, K: 1000, N: 1, DType: tensor.F32, Loaded: "a", Alpha: 1}
	cases := append(each(w, suite.MPS, suite.SIMD, suite.Auto), each(long, suite.Vec)...)
	skips := map[string]string{}
	for _, got := range results(t, r, append(cases, each(large, suite.Auto)...), 1) {
		if got.Skip != "" {
			skips[fmt.Sprintf("%T %s", got.Case.Work, got.Case.Backend)] = got.Skip
		}
	}
	require.Equal(t, map[string]string{
		"suite.Matmul mps":  "the device does not have it: no vendor library: install it",
		"suite.Matmul simd": "would be computed by mlx: the device has no SIMD matrix multiply",
		"suite.Softmax vec": "would be computed by legacy: SOFTMAX_BACKEND=vec, but softmax_vec takes up to 8192 columns",
		"suite.Matmul auto": "takes 8 MiB of memory, more than the 1 MiB it may",
	}, skips)
}

// The cases of one Work take turns.
func TestRoundsAreInterleaved(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "sim"}})
	w := suite.Softmax{Rows: 2, Cols: 8, DType: tensor.F16}
	var order []string
	for _, got := range results(t, r, each(w, suite.Vec, suite.Block), 2) {
		require.Zero(t, got.Checked) // sim computes nothing
		order = append(order, fmt.Sprint(got.Round, got.Case.Backend))
	}
	require.Equal(t, []string{"0vec", "0block", "1vec", "1block"}, order)
}

// A wrong result is found, named and not measured; others go on.
func TestWrongResultsFail(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "cpu"}})
	broken := wrongWork{suite.Softmax{Rows: 2, Cols: 8, DType: tensor.F32}}
	cases := append(each(broken, suite.Auto), each(broken.Softmax, suite.Auto)...)
	var list []*suite.Result
	err := r.Run(background, cases, suite.Options{Benchtime: suite.Benchtime{Ops: 1}}, func(r *suite.Result) error {
		list = append(list, r)
		return nil
	})
	var wrong *suite.WrongResults
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, []string{cases[0].Name()}, wrong.Names)
	require.ErrorContains(t, err, "element (0, 0, 0) is")
	require.Len(t, list, 2)
	require.False(t, list[0].Measured())
	require.True(t, list[1].Measured())
}

// A run ends with its context, and with an error of emit.
func TestRunEnds(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "sim"}})
	cases := each(suite.Softmax{Rows: 2, Cols: 8, DType: tensor.F16}, suite.Vec, suite.Block)
	ctx, stop := context.WithCancel(background)
	var names []string
	err := r.Run(ctx, cases, suite.Options{Benchtime: suite.Benchtime{Time: time.Hour}, Before: func(c suite.Case) {
		if names = append(names, string(c.Backend)); len(names) == 4 { // ready and ready, then measured
			stop()
		}
	}}, func(*suite.Result) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, cases[0].Name())
	require.Equal(t, []string{"vec", "vec", "block", "vec"}, names)

	full := errors.New("disk full")
	o := suite.Options{Benchtime: suite.Benchtime{Ops: 1}}
	require.ErrorIs(t, r.Run(background, cases, o, func(*suite.Result) error { return full }), full)
}

// bubble runs f on a virtual clock, with no channels of others in pools and
// leaving none there.
func bubble(t *testing.T, f func(t *testing.T)) {
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	defer empty()
	synctest.Test(t, f)
}

// What is slower than allowed is given up, and the device waited for.
func TestSlowCasesAreSkipped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Time: func(b *device.Batch) time.Duration {
			if m := b.Stages[0].Dispatches; len(m) > 0 && m[0].Matmul != nil {
				return time.Minute
			}
			return time.Millisecond
		}})
		r := open(t, suite.Config{Scheduler: scheduler.Config{Device: d, HangAfter: -1}, Slowest: time.Second})
		start := time.Now()
		cases := append(each(suite.Matmul{Batch: 1, M: 4, K: 4, N: 1, DType: tensor.F32, Loaded: "a", Alpha: 1}, suite.MLX, suite.GEMV),
			each(suite.Softmax{Rows: 2, Cols: 8, DType: tensor.F32}, suite.Vec)...)
		list := results(t, r, cases, 1)
		require.Equal(t, "one operation takes longer than 1s", list[0].Skip)
		require.Equal(t, "one operation takes longer than 1s", list[1].Skip)
		require.Equal(t, []any{2, 2 * time.Millisecond}, []any{list[2].Ops, list[2].Elapsed})
		require.Greater(t, time.Since(start), 2*time.Minute)
	})
}

// What takes long only at first, to be compiled, is warmed up like any other.
func TestCompilingIsNotSlowness(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{CompileTime: time.Second, Time: func(*device.Batch) time.Duration { return time.Millisecond }})
		r := open(t, suite.Config{Scheduler: scheduler.Config{Device: d}})
		cases := each(suite.Matmul{Batch: 1, M: 4, K: 4, N: 1, DType: tensor.F32, Loaded: "a", Alpha: 1}, suite.MLX)
		o := suite.Options{Benchtime: suite.Benchtime{Time: 100 * time.Millisecond}}
		var got *suite.Result
		start := time.Now()
		require.NoError(t, r.Run(background, cases, o, func(r *suite.Result) error { got = r; return nil }))
		require.Greater(t, time.Since(start), time.Second, "it did compile")
		require.Equal(t, time.Millisecond, got.First)
		require.GreaterOrEqual(t, got.Ops, 100)
		require.Greater(t, int(got.Batches[0].Batches), got.Ops, "some warmed up")
	})
}

// benchfmt reads what Writer writes.
func TestWriterIsRead(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "cpu"}})
	w := suite.Matmul{Batch: 1, M: 64, K: 64, N: 2, DType: tensor.F32, Loaded: "a", Alpha: 1}
	var out bytes.Buffer
	lines, err := suite.NewWriter(&out, []suite.Part{{Key: "device", Value: "cpu: some\nthing"}, {Key: "METALLIC_X", Value: "y"}})
	require.NoError(t, err)
	for _, got := range results(t, r, each(w, suite.MLX, suite.Vec), 1) {
		require.NoError(t, lines.Write(got))
	}
	written := out.String()
	reader := benchfmt.NewReader(&out, "out")
	read, units := 0, 0
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.UnitMetadata:
			units++
			require.Equal(t, "higher", rec.Value)
		case *benchfmt.Result:
			read++
			require.Equal(t, "cpu: some thing", rec.GetConfig("device"))
			require.Equal(t, "y", rec.GetConfig("metallic_x"))
			name, parts := rec.Name.Parts()
			require.Equal(t, "TestSuite", string(name))
			require.Contains(t, fmt.Sprintf("%s", parts), "/backend=mlx")
			require.Equal(t, 2, rec.Iters)
			for _, unit := range []string{"sec/op", "device-sec/op", "GFLOP/s", "GB/s"} {
				v, ok := rec.Value(unit)
				require.True(t, ok && v > 0, unit)
			}
		default:
			require.Fail(t, "not read", "%v", rec)
		}
	}
	require.NoError(t, reader.Err())
	require.Equal(t, []int{1, 2}, []int{read, units})
	require.Contains(t, written, "\n# mlx/-: MATMUL_BACKEND=mlx; as written: A is loaded\n")
	require.Contains(t, written, "\n# BenchmarkTestSuite/m=64/k=64/n=2/dtype=f32/loaded=a/backend=vec skipped: would be computed by smalln")
}
