package tune

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// problem is a product, or a softmax of m rows of n columns if k is 0.
type problem struct {
	m, k, n int
	dt      tensor.DType
	loaded  bool
}

func (p problem) problem() kernels.Problem {
	op := kernels.OpMatmul
	if p.k == 0 {
		op = kernels.OpSoftmax
	}
	return kernels.Problem{
		Op: op, Shape: kernels.Shape{Batch: 1, M: p.m, N: p.n, K: p.k}, A: p.dt, B: p.dt, C: p.dt, TransB: p.loaded,
	}
}

// heldOutRows and heldOutDepths are the sizes of A.
var (
	heldOutRows   = []int{2, 6, 12, 20, 28, 40, 56, 80, 112, 160, 224, 320, 640}
	heldOutDepths = []int{80, 384, 1280}
)

// heldOutProblems lie between those that thresholds are found by, and beside
// them in size.
func heldOutProblems() (list []problem) {
	for _, dt := range types {
		for _, m := range heldOutRows {
			for _, k := range heldOutDepths {
				for _, n := range [...]int{2, 5, 7, 11, 13, 15, 18, 22, 28, 40, 56, 96, 640} {
					list = append(list, problem{m, k, n, dt, false})
					if n <= 28 && m >= 112 {
						list = append(list, problem{m, k, n, dt, true})
					}
				}
			}
		}
		for _, rows := range [...]int{2, 48} {
			for _, cols := range [...]int{48, 96, 200, 400, 640, 900, 1152, 1400, 1800, 2500, 3500, 5000, 7000} {
				list = append(list, problem{rows, 0, cols, dt, false})
			}
		}
	}
	return list
}

// problem makes a cell of a problem.
func (t *Tuner) problem(p problem, families ...kernels.Family) (*cell, error) {
	if p.k == 0 {
		return t.softmax(p.m, p.n, p.dt, 0, fmt.Sprintf("%dx%d %v", p.m, p.n, p.dt), families...)
	}
	w, err := t.matrix(p.m, p.k, p.dt, p.loaded)
	if err != nil {
		return nil, err
	}
	return t.product(w, p.n, 0, fmt.Sprintf("%v N=%d", w, p.n), families...)
}
