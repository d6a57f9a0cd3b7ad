package suite

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// matmulBackends are those that a product of so many columns, as it is
// normalised, can be forced to.
func matmulBackends(columns int) []Backend {
	if columns > kernels.MaxSmallN {
		return []Backend{Auto, SIMD, MLX, MPS, GEMV}
	}
	return []Backend{Auto, SmallN, SIMD, MLX, MPS, GEMV}
}

var halfAndSingle = []tensor.DType{tensor.F16, tensor.F32}

// matmulDispatcher has the shapes around the dispatcher's thresholds, and those
// of Qwen2.5's decode as they are written, with M=1: once with no operand
// loaded, as the specification has them, and once with the weights loaded, as
// callers would, which turns them into small-N work.
func matmulDispatcher() Suite {
	s := Suite{Name: "matmul_dispatcher", About: "what the dispatcher chooses around its thresholds, beside each backend forced"}
	for _, dt := range halfAndSingle {
		for _, l := range shapes("matmul_dispatcher_tuning") {
			s.add(Matmul{Batch: 1, M: l.m, K: l.k, N: l.n, DType: dt, Loaded: "a", Alpha: 1}, matmulBackends(l.n)...)
		}
		for _, l := range shapes("matmul_dispatcher_qwen") {
			w := Matmul{Batch: 1, M: l.m, K: l.k, N: l.n, DType: dt, Loaded: "none", Alpha: 1}
			s.add(w, matmulBackends(l.n)...)
			w.Loaded = "b"
			s.add(w, matmulBackends(l.m)...)
		}
	}
	return s
}

// matmulSmallN has products of few columns with all combinations of alpha and
// beta; the plain ones also as that many jobs of one column each.
func matmulSmallN() Suite {
	s := Suite{Name: "matmul_dispatcher_smalln", About: "products of 1 to 16 columns with alpha and beta; also as single columns that are batched"}
	for _, dt := range halfAndSingle {
		for _, l := range shapes("matmul_dispatcher_smalln") {
			w := Matmul{Batch: 1, M: l.m, K: l.k, N: l.n, DType: dt, Loaded: "a"}
			for _, f := range [][2]float32{{1, 0}, {2.5, 0}, {1, 1}, {2.5, 1.5}} {
				w.Alpha, w.Beta = f[0], f[1]
				s.add(w, matmulBackends(l.n)...)
			}
			if w.Alpha, w.Beta, w.Jobs = 1, 0, l.n; l.n > 1 {
				s.add(w, Auto)
			}
		}
	}
	return s
}
