package kerneltest

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Matmul is one case: C[b] = alpha*A[b]*B[b] + beta*C[b] + bias. Its fields
// mean what those of a device's binding do.
type Matmul struct {
	Name    string
	Shape   kernels.Shape
	A, B, C *Operand
	Runs    []Run
	Biases  []*Operand // M x Columns of one matrix, one stride 0
	Exact   bool       // every order of summation gives the same float32
}

// Run is a stretch of columns with the same factors. Bias is an index into
// Biases, -1 for none.
type Run struct {
	Columns     int
	Alpha, Beta float32
	Bias        int
}

func (m *Matmul) String() string {
	return fmt.Sprintf("%s %v A %v %v B %v %v C %v %v runs %v", m.Name, m.Shape,
		m.A.View.DType(), m.A.View.Strides(), m.B.View.DType(), m.B.View.Strides(),
		m.C.View.DType(), m.C.View.Strides(), m.Runs)
}

// Key returns the specialisation of a row for the case.
func (m *Matmul) Key(row *kernels.Row, caps kernels.Caps) kernels.Key {
	key := kernels.Key{
		Kernel: row.Name, Bucket: row.Bucket,
		A: m.A.View.DType(), B: m.B.View.DType(), C: m.C.View.DType(),
		TransA: transposed(m.A.View), TransB: transposed(m.B.View),
		SIMDReduction: caps.SIMDReduction && row.Family == kernels.FamilySmallN,
	}
	for _, r := range m.Runs {
		key.BetaNonZero = key.BetaNonZero || r.Beta != 0
		key.Bias = key.Bias || r.Bias >= 0
	}
	return key
}

func transposed(v tensor.View) bool {
	s := v.Strides()
	return s[1] < s[2]
}

// run returns the run of a column and the column's place in it.
func (m *Matmul) run(n int) (r Run, within int) {
	for _, r := range m.Runs {
		if n < r.Columns {
			return r, n
		}
		n -= r.Columns
	}
	panic("kerneltest: the runs do not cover the columns")
}

// seal ends the making of a case.
func (m *Matmul) seal() *Matmul {
	for _, o := range m.operands() {
		o.Seal()
	}
	return m
}

func (m *Matmul) operands() []*Operand {
	return append([]*Operand{m.A, m.B, m.C}, m.Biases...)
}
