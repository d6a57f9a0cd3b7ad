package suite

import (
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// mlxVsMPS has the products of a text generation with Qwen2.5-0.5B and square
// ones.
func mlxVsMPS() Suite {
	s := Suite{Name: "mlx_vs_mps", About: "our tiled product beside the platform's library: a decode trace, and squares"}
	trace, err := loadtest.Preset("qwen25")
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, dt := range halfAndSingle {
		for i := range trace.Kinds {
			s.add(traced(&trace.Kinds[i], dt), MLX, MPS)
		}
		for _, n := range []int{64, 128, 256, 512, 1024, 2048} {
			s.add(Matmul{Batch: 1, M: n, K: n, N: n, DType: dt, Loaded: "a", Alpha: 1}, MLX, MPS)
		}
	}
	return s
}

// traced is a product of the trace. Scores are scaled by 1/sqrt(64), the size
// of a head.
func traced(k *loadtest.Kind, dt tensor.DType) Matmul {
	op, _, _ := strings.Cut(k.Name, " ")
	w := Matmul{
		Op: op, Batch: k.Batch, M: k.M, K: k.K, N: k.N, DType: dt,
		TransA: k.TransA, TransB: k.TransB, Bias: k.Bias, Loaded: k.Loaded, Alpha: 1,
	}
	if op == "attn_scores" {
		w.Alpha = 0.125
	}
	return w
}
