package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// arrival is a product with columns of activations and an operand.
func arrival(at time.Duration, operand uint64, n int) metrics.Event {
	return metrics.Event{
		Kind: metrics.KindArrival, At: at, Op: "matmul", Operand: operand, Shape: metrics.Shape{Batch: 1, M: 8, N: n, K: 4},
		DTypes: metrics.DTypes{A: "f16", B: "f32", C: "f32"}, Tenant: "t",
	}
}

// TestTraceReader: what several jobs multiplied is a loaded operand, one of
// its kind's own; the rest is not loaded. Times start with the first job.
func TestTraceReader(t *testing.T) {
	urgent := arrival(9*time.Millisecond, 7, 1)
	urgent.Priority, urgent.Deadline = 1, 12*time.Millisecond
	mirrored := arrival(10*time.Millisecond, 7, 1)
	mirrored.Flags.Mirrored, mirrored.Flags.TransB = true, true
	softmax := metrics.Event{
		Kind: metrics.KindArrival, At: 11 * time.Millisecond, Op: "softmax", Shape: metrics.Shape{Batch: 1, M: 2, N: 10},
		DTypes: metrics.DTypes{A: "f32", B: "f32", C: "f32"}, Flags: metrics.Flags{Causal: true, QueryOffset: true},
	}
	kinds, sends, err := newTraceReader([]metrics.Event{
		arrival(5*time.Millisecond, 7, 1),
		{Kind: metrics.KindSlot},
		arrival(8*time.Millisecond, 9, 1),
		arrival(7*time.Millisecond, 9, 1), arrival(8*time.Millisecond, 7, 2), arrival(8*time.Millisecond, 3, 1),
		urgent, mirrored, softmax,
	}).read()
	require.NoError(t, err)
	require.Len(t, kinds, 5)
	_, err = loadtest.NewMix(kinds)
	require.NoError(t, err)

	require.Equal(t, "a", kinds[0].Loaded)
	require.Equal(t, 2, kinds[0].Operands)
	require.Equal(t, tensor.F16, kinds[0].A)
	require.Equal(t, tensor.F32, kinds[0].C)
	require.Equal(t, 1, kinds[1].Operands, "the same operand with more columns is another kind")
	require.Equal(t, "none", kinds[2].Loaded)
	require.Equal(t, "b", kinds[3].Loaded)
	require.True(t, kinds[3].TransB)
	require.True(t, kinds[4].Softmax && kinds[4].Causal)
	require.Equal(t, 8, kinds[4].Offset)

	var at []time.Duration
	var of [][2]int
	for _, s := range sends {
		at = append(at, s.At/time.Millisecond)
		of = append(of, [2]int{s.Kind, s.Operand})
	}
	require.Equal(t, []time.Duration{0, 2, 3, 3, 3, 4, 5, 6}, at)
	require.Equal(t, [][2]int{{0, 0}, {0, 1}, {0, 1}, {1, 0}, {2, 0}, {0, 0}, {3, 0}, {4, 0}}, of)
	require.Equal(t, job.High, sends[5].Priority)
	require.Equal(t, 3*time.Millisecond, sends[5].Deadline)

	_, _, err = newTraceReader([]metrics.Event{{Kind: metrics.KindSlot}}).read()
	require.ErrorContains(t, err, "no job arrived")
}

// TestTraceOfAttention: its heads are those of the queries; what is no operation
// is not taken for one.
func TestTraceOfAttention(t *testing.T) {
	e := metrics.Event{
		Kind: metrics.KindArrival, Op: "attention", Shape: metrics.Shape{Batch: 2, M: 3, N: 40, K: 16},
		Heads: metrics.Heads{Group: 7, Values: 8}, DTypes: metrics.DTypes{A: "f16", B: "f16", C: "f32"},
		Flags: metrics.Flags{Causal: true, QueryOffset: true, TransB: true},
	}
	kinds, _, err := newTraceReader([]metrics.Event{e}).read()
	require.NoError(t, err)
	_, err = loadtest.NewMix(kinds)
	require.NoError(t, err)
	k := kinds[0]
	require.True(t, k.Attention && k.Causal && !k.TransB)
	require.Equal(t, []int{14, 2, 3, 40, 16, 8, 37}, []int{k.Heads, k.Batch, k.M, k.N, k.K, k.Values, k.Offset})

	e.Op = "convolution"
	_, _, err = newTraceReader([]metrics.Event{e}).read()
	require.ErrorContains(t, err, `"convolution" is no operation`)
}

func TestBatchWatch(t *testing.T) {
	w := newBatchWatch()
	d := metrics.Decision{Op: "matmul", Plan: metrics.Plan{Backend: "gemv", Variant: "-"}, CloseReason: "full", Jobs: 3, DeviceTime: 5}
	w.Record(&d)
	w.Record(&d)
	again := d
	again.Check = "match" // run again alone
	w.Record(&again)
	require.Equal(t, []loadtest.BatchCount{{Variant: "matmul gemv", Close: "full", Jobs: 3, Count: 2, Device: 10}}, w.take())
	require.Empty(t, w.take())
}
