package tune

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// Every kind of work that there is, is known: else all of it would be measured
// for every change.
func TestKnowsAllWorks(t *testing.T) {
	for _, s := range suite.All() {
		for _, c := range s.Cases {
			require.NotEmpty(t, problemsOf(c.Work), c.Name())
		}
	}
}

func TestWorksThatDiffer(t *testing.T) {
	d := sim.Open(sim.Config{})
	tuner := &Tuner{rig: &rig{info: d.Info()}}
	require.NoError(t, d.Close())
	usual := defaults()
	wide, tall, long, direct := usual, usual, usual, usual
	direct.InPlaceBytes = 1 << 16
	wide.SIMDNMin, tall.SIMDMMin, long.SoftmaxVecMaxCols = 600, 200, 256
	attention := suite.Attention{Heads: 14, Rows: 128, Keys: 512, Dim: 64, DType: tensor.F16}
	weight := suite.Matmul{Batch: 1, M: 1, K: 896, N: 256, DType: tensor.F16, Loaded: "b"}
	for _, c := range []struct {
		work  suite.Work
		tried settings
		want  bool
	}{
		{suite.Matmul{Batch: 1, M: 128, K: 64, N: 64, DType: tensor.F32}, wide, true},
		{suite.Matmul{Batch: 1, M: 128, K: 64, N: 64, DType: tensor.F32}, tall, true},
		{suite.Matmul{Batch: 1, M: 512, K: 64, N: 64, DType: tensor.F32}, tall, false},
		{suite.Matmul{Batch: 1, M: 128, K: 64, N: 64, Jobs: 64, DType: tensor.F32}, wide, false}, // each is small-N
		{weight, wide, false}, // taken as its mirror image, so small-N too
		{suite.Softmax{Rows: 1, Cols: 512, DType: tensor.F32}, long, true},
		{suite.Softmax{Rows: 1, Cols: 64, DType: tensor.F32}, long, false},
		{suite.Softmax{Rows: 1, Cols: 512, DType: tensor.F32}, tall, false},
		{attention, wide, true},
		{attention, tall, true},
		{attention, long, true},
		{attention, usual, false},
		{suite.Softmax{Rows: 64, Cols: 512, DType: tensor.F16}, direct, true},
		{suite.Softmax{Rows: 64, Cols: 511, DType: tensor.F16}, direct, false},
		{suite.Softmax{Rows: 4096, Cols: 512, DType: tensor.F16}, direct, false}, // by either
		{suite.Matmul{Batch: 2, M: 128, K: 64, N: 64, DType: tensor.F32}, direct, true},
		{suite.Matmul{Batch: 2, M: 128, K: 64, N: 64, Beta: 1, DType: tensor.F32}, direct, false}, // reads C
		{suite.Matmul{Batch: 2, M: 128, K: 64, N: 64, Jobs: 2, DType: tensor.F32}, direct, false},
		{suite.Matmul{Batch: 1, M: 4096, K: 64, N: 64, Jobs: 8, DType: tensor.F32}, direct, false}, // 131,072 bytes each, staged
		{attention, direct, true}, // 229,376 bytes
		{unknown{attention}, usual, true},
	} {
		require.Equal(t, c.want, tuner.differs(c.work, usual, c.tried), "%v", c.work)
	}
	require.Equal(t, kernels.Family(0), tuner.chosen(kernels.Problem{}, usual.Prefs))
}

// unknown is a work of a kind that came later.
type unknown struct{ suite.Work }
