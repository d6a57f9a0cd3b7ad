//go:build darwin || linux

package metal

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// vendor says whether the vendor library has something to do. What it makes for
// that, command buffers have to keep.
func usesVendor(s *gpu.Steps) bool {
	for i := range s.Stages {
		for j := range s.Stages[i].Dispatches {
			if p, ok := s.Stages[i].Dispatches[j].Pipeline.(*pipeline); ok && p.vendor {
				return true
			}
		}
	}
	return false
}

// encodeVendor encodes a product with Metal Performance Shaders: one operation
// for each stretch of columns with equal factors, and for each matrix of a batch
// that they cannot describe as a whole.
// What they cannot describe is left to a kernel of ours.
func (e *encoding) encodeVendor(p *pipeline, m *device.Matmul) error {
	if err := m.Check(p.key); err != nil {
		return err
	}
	if !m.ReadsOperands() || m.C.View.Len() == 0 {
		return e.rest(p, m)
	}
	for _, s := range gpu.Stretches(m.Runs) {
		part := s.Narrowed(m)
		var err error
		if plan, ok := planProduct(&part); ok && s.Plain {
			err = e.products(&part, plan)
		} else {
			err = e.rest(p, &part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rest encodes a product with the kernel of ours.
func (e *encoding) rest(p *pipeline, m *device.Matmul) error {
	l := &e.queue.launch
	empty, err := l.Dispatch(p.launch, &device.Dispatch{Matmul: m})
	if err != nil || empty {
		return err
	}
	return e.start(p.state, l)
}

// products encodes a product as planned. The vendor library opens encoders of
// its own, one after another.
func (e *encoding) products(m *device.Matmul, plan productPlan) error {
	e.end()
	if err := e.openBuffer(); err != nil {
		return err
	}
	multiplication, err := e.multiplication(plan.product)
	if err != nil {
		return err
	}
	for b := 0; b < m.Shape.Batch; b += plan.matrices {
		var at [3]mtl.Matrix
		for i, operand := range plan.operands {
			if at[i], err = e.matrix(operand, b, plan.matrices); err != nil {
				return err
			}
		}
		multiplication.Encode(e.buffer, at[0], at[1], at[2])
	}
	return nil
}

// matrix describes n matrices of an operand, from the given one on, to the
// vendor library. It stays to the end of the batch.
func (e *encoding) matrix(o operand, from, n int) (mtl.Matrix, error) {
	own, err := e.own(o.buffer)
	if err != nil {
		return mtl.Matrix{}, err
	}
	size := o.Elements.Size()
	layout := mtl.Layout{
		Matrices: n, Rows: o.Rows, Columns: o.Columns,
		Offset:   (o.Offset + from*o.Batch) * size,
		RowBytes: o.Lead * size, MatrixBytes: o.Rows * o.Lead * size,
		Type: mtl.MatrixFloat32,
	}
	if n > 1 {
		layout.MatrixBytes = o.Batch * size
	}
	if o.Elements == tensor.F16 {
		layout.Type = mtl.MatrixFloat16
	}
	m, err := e.queue.device.gpu.NewMatrix(own.part.metal, layout)
	if err == nil {
		e.task.borrowed = append(e.task.borrowed, m)
	}
	return m, err
}

// multiplication returns the operation for a product, which is kept for the
// next batches.
func (e *encoding) multiplication(p mtl.Product) (mtl.Multiplication, error) {
	v := &e.queue.vendor
	if m, ok := v.products[p]; ok {
		return m, nil
	}
	m, err := e.queue.device.gpu.NewMultiplication(p)
	if err != nil {
		return m, err
	}
	if v.products == nil {
		v.products = map[mtl.Product]mtl.Multiplication{}
	}
	for other, old := range v.products { // any: there are seldom so many
		if len(v.products) < maxProducts {
			break
		}
		delete(v.products, other)
		e.task.borrowed = append(e.task.borrowed, old)
	}
	v.products[p] = m
	return m, nil
}

// maxProducts is the most operations that a queue keeps.
const maxProducts = 64

// vendor keeps operations of the vendor library. It belongs to a queue's
// runner.
type vendor struct {
	products map[mtl.Product]mtl.Multiplication
}

func (v *vendor) close() {
	for _, m := range v.products {
		m.Release()
	}
	v.products = nil
}
