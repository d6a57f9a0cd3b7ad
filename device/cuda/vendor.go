//go:build linux && (amd64 || arm64)

package cuda

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// multiply computes a product with cuBLAS: one call for each stretch of columns
// with equal factors. What cuBLAS cannot describe is left to a kernel of ours.
func (q *queue) multiply(t *task, p *pipeline, m *device.Matmul) error {
	if err := m.Check(p.key); err != nil {
		return err
	}
	if !m.ReadsOperands() || m.C.View.Len() == 0 {
		return q.rest(t, p, m)
	}
	for _, s := range gpu.Stretches(m.Runs) {
		part := s.Narrowed(m)
		gemm, ok, err := q.gemm(&part)
		switch {
		case err != nil:
		case ok && s.Plain:
			err = q.callBLAS(gemm)
		default:
			err = q.rest(t, p, &part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rest computes a product with the kernel of ours.
func (q *queue) rest(t *task, p *pipeline, m *device.Matmul) error {
	l := &q.launch
	empty, err := l.Dispatch(p.launch, &device.Dispatch{Matmul: m})
	if err != nil || empty {
		return err
	}
	return q.launchKernel(t, p.functions, l)
}

// callBLAS starts cuBLAS when it is first needed. It takes memory of its own then,
// or for a product.
func (q *queue) callBLAS(g *driver.Gemm) error {
	return q.device.memory.retry(func() (err error) {
		if q.blas == nil {
			if q.blas, err = q.device.blas.NewHandle(q.stream); err != nil {
				return err
			}
		}
		return q.blas.Multiply(g)
	}, onGPU, onHost)
}

// gemm describes a product to cuBLAS with the factors of its first run. cuBLAS
// has columns contiguous: if the rows of C are, it gets the mirror image, the
// transpose of C as that of B times that of A.
func (q *queue) gemm(m *device.Matmul) (g *driver.Gemm, ok bool, err error) {
	regions := [3]*device.Region{&m.A, &m.B, &m.C}
	var lines [3]gpu.Lines
	var at [3]driver.Matrices
	for i, r := range regions {
		l := gpu.LinesOf(r)
		if !l.Contiguous {
			return nil, false, nil
		}
		b, err := q.own(r.Buffer)
		if err != nil {
			return nil, false, err
		}
		lines[i] = l
		at[i] = driver.Matrices{
			At:   driver.Pointer(b.address()) + driver.Pointer(l.Offset*l.Elements.Size()),
			Lead: l.Lead, Apart: l.Batch,
		}
	}
	s := m.Shape
	g = &driver.Gemm{
		Rows: s.M, Columns: s.N, Interior: s.K, Count: s.Batch, Type: driver.TypeF32,
		Alpha: m.Runs[0].Alpha, Beta: m.Runs[0].Beta, A: at[0], B: at[1], C: at[2],
	}
	if lines[2].Elements == tensor.F16 {
		g.Type = driver.TypeF16
	}
	g.A.Transposed, g.B.Transposed = !lines[0].Transposed, !lines[1].Transposed
	if !lines[2].Transposed {
		g.Rows, g.Columns, g.A, g.B = s.N, s.M, at[1], at[0]
		g.A.Transposed, g.B.Transposed = lines[1].Transposed, lines[0].Transposed
	}
	return g, g.Fits(), nil // ours has 64 bits for strides, and says what size it cannot have
}
