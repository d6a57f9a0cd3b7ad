package suite

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
)

func TestMetrics(t *testing.T) {
	w := Matmul{Batch: 2, M: 10, K: 100, N: 5, DType: tensor.F16, Alpha: 1, Beta: 1, Bias: true}
	r := Result{Case: Case{Work: w}, Ops: 4, Elapsed: 8 * time.Microsecond, Device: 4 * time.Microsecond}
	require.Equal(t, []Metric{
		{"ns/op", 2000},
		{"device-ns/op", 1000},
		{"GFLOP/s", 2 * 2 * 10 * 100 * 5 / 2000.0},
		{"GB/s", 2 * (2*1000 + 2*500 + 2*2*50 + 5) / 2000.0}, // C is read and written
	}, r.Metrics())
	r.Case.Work = Softmax{Rows: 3, Cols: 4, DType: tensor.F32, Causal: true} // attends to 2, 3 and 4
	require.Equal(t, []Metric{{"ns/op", 2000}, {"device-ns/op", 1000}, {"GB/s", 4 * (9 + 12) / 2000.0}}, r.Metrics())
}

func TestRan(t *testing.T) {
	total := func(backend, variant, reason string, batches, jobs uint64) metrics.Total {
		return metrics.Total{Backend: backend, Variant: variant, CloseReason: reason, Batches: batches, Jobs: jobs}
	}
	for want, batches := range map[string][]metrics.Total{
		"smalln/N1": nil,
		"smalln/N1 alone, ran smalln/N4, smalln/N8, 6.67 jobs a batch": {
			total("smalln", "N4", "alone", 1, 4), total("smalln", "N8", "alone", 1, 8), total("smalln", "N8", "full", 1, 8),
		},
		"smalln/N1, vec/w64": {total("smalln", "N1", "alone", 4, 4), total("vec", "w64", "alone", 2, 2)},
	} {
		r := Result{Choice: Choice{Backend: "smalln", Variant: "N1"}, Batches: batches}
		require.Equal(t, want, r.Ran())
	}
}
