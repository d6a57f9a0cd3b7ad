package cpu_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestConformance(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := runner{scratch: new(cpu.Scratch)}
		kerneltest.Exercise(t, kerneltest.Implementation{
			Catalog: kernels.Default,
			Caps:    kernels.Caps{SIMDMatrix: true, SIMDWidth: 1, MaxThreadgroup: 1024, VendorHelp: "no BLAS here"},
			Matmul:  r.matmul,
			Softmax: r.softmax,
		})
	})
}

// eachLevel runs a test with every instruction set that this machine has; with
// the best alone under the race detector, which does not see into kernels and
// makes portable ones twenty times slower.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	levels := cpu.Levels()
	if race {
		t.Log("NOT REPEATED with -race: other instruction sets")
		levels = levels[len(levels)-1:]
	}
	for _, l := range levels {
		t.Run(l.String(), func(t *testing.T) {
			defer cpu.Use(l)()
			test(t)
		})
	}
}

// runner computes cases in random blocks, so that every suite tests the split
// as well.
type runner struct{ scratch *cpu.Scratch }

func (r runner) matmul(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
	kernel := cpu.Matmuls[key.Kernel]
	require.NotNil(t, kernel, key.Kernel)
	r.blocks(kernel, productOf(m), m.Shape.Batch)
}

// productOf binds a case's operands.
func productOf(m *kerneltest.Matmul) *cpu.Product {
	p := &cpu.Product{
		M: m.Shape.M, N: m.Shape.N, K: m.Shape.K,
		A: mat(m.A.View), B: mat(m.B.View), C: mat(m.C.View),
	}
	for _, run := range m.Runs {
		bound := cpu.Run{Columns: run.Columns, Alpha: run.Alpha, Beta: run.Beta}
		if run.Bias >= 0 {
			bound.Bias = mat(m.Biases[run.Bias].View)
		}
		p.Runs = append(p.Runs, bound)
	}
	return p
}

// blocks computes a batch of products in random blocks.
func (r runner) blocks(kernel *cpu.Matmul, p *cpu.Product, batch int) {
	for b := range batch {
		rows, cols := cut(p.M), cut(p.N)
		for i := range len(rows) - 1 {
			for j := range len(cols) - 1 {
				kernel.Compute(r.scratch, p, cpu.Block{Matrix: b, M0: rows[i], M1: rows[i+1], N0: cols[j], N1: cols[j+1]})
			}
		}
	}
}

func (r runner) softmax(t testing.TB, key kernels.Key, s *kerneltest.Softmax) {
	kernel := cpu.Softmaxes[key.Kernel]
	require.NotNil(t, kernel, key.Kernel)
	p := &cpu.Rows{M: s.X.View.Rows(), X: mat(s.X.View), Y: mat(s.Y.View)}
	for _, run := range s.Rows {
		p.Runs = append(p.Runs, cpu.RowRun(run))
	}
	rows := cut(s.X.View.Matrices() * s.X.View.Rows())
	for i := range len(rows) - 1 {
		kernel.Compute(r.scratch, p, rows[i], rows[i+1])
	}
}

// cut returns 0, n and sometimes a place between them.
func cut(n int) []int {
	if n < 2 || rand.IntN(2) == 0 {
		return []int{0, n}
	}
	return []int{0, 1 + rand.IntN(n-1), n}
}

func mat(v tensor.View) cpu.Mat {
	s := v.Strides()
	return cpu.Mat{Ptr: v.Pointer(), Type: v.DType(), BS: s[0], RS: s[1], CS: s[2]}
}
