package gpu

import (
	"errors"
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Product is a matmul as kernels read it. Its memory is used again by the next
// Bind.
type Product struct {
	Arguments shaders.MatmulArguments
	Runs      []shaders.ColumnRun
	Biases    []shaders.Matrix
	// A, B and C are the buffers, Bias that of all biases, nil without any.
	// Where A and B are not read (K is then 0), they are C.
	A, B, C, Bias device.Buffer
}

// Empty reports that there is nothing to compute: C has no elements.
func (p *Product) Empty() bool {
	return p.Arguments.M == 0 || p.Arguments.N == 0 || p.Arguments.Batches == 0
}

// Bind checks the bindings and describes them. All operands must lie in
// buffers, all biases in one.
func (p *Product) Bind(key kernels.Key, m *device.Matmul) error {
	if err := m.Check(key); err != nil {
		return err
	}
	s := m.Shape
	if !m.ReadsOperands() {
		s.K = 0
	}
	if err := fits(s.Batch, s.M, s.N, s.K, len(m.Runs)); err != nil {
		return err
	}
	p.Arguments = shaders.MatmulArguments{
		C: matrix(&m.C.View, s.Batch),
		M: uint32(s.M), N: uint32(s.N), K: uint32(s.K), Batches: uint32(s.Batch),
		Runs: uint32(len(m.Runs)),
	}
	p.A, p.B, p.C, p.Bias = m.C.Buffer, m.C.Buffer, m.C.Buffer, nil
	if s.K > 0 {
		p.Arguments.A, p.Arguments.B = matrix(&m.A.View, s.Batch), matrix(&m.B.View, s.Batch)
		p.A, p.B = m.A.Buffer, m.B.Buffer
	}
	p.bindRuns(m.Runs)
	if err := p.bindBiases(m.Biases, s.Batch); err != nil {
		return err
	}
	if !p.Empty() && (p.A == nil || p.B == nil || p.C == nil) {
		return errNoBuffer
	}
	return nil
}

func (p *Product) bindRuns(runs []device.Run) {
	p.Runs = p.Runs[:0]
	first := 0
	for _, r := range runs {
		p.Runs = append(p.Runs, shaders.ColumnRun{First: uint32(first), Alpha: r.Alpha, Beta: r.Beta, Bias: int32(max(r.Bias, -1))})
		first += r.Columns
	}
}

func (p *Product) bindBiases(biases []device.Region, batch int) error {
	p.Biases = p.Biases[:0]
	for i := range biases {
		if i == 0 {
			p.Bias = biases[0].Buffer
		}
		if b := biases[i].Buffer; b == nil || b != p.Bias {
			return errors.New("the biases do not lie in one buffer")
		}
		p.Biases = append(p.Biases, matrix(&biases[i].View, batch))
	}
	return nil
}

var errNoBuffer = errors.New("an operand in the caller's memory, which the device does not read")

// matrix describes a view; a single matrix stands for each of a batch.
func matrix(v *tensor.View, batch int) shaders.Matrix {
	s := v.Strides()
	if v.Matrices() == 1 && batch != 1 {
		s[0] = 0
	}
	return shaders.Matrix{Offset: int64(v.Offset()), Batch: int64(s[0]), Row: int64(s[1]), Col: int64(s[2])}
}

// fits reports sizes that kernels cannot count to.
func fits(sizes ...int) error {
	for _, n := range sizes {
		if n > math.MaxInt32 {
			return fmt.Errorf("size %d; allowed are at most %d", n, math.MaxInt32)
		}
	}
	return nil
}
