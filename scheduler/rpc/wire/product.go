package wire

import (
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

func (r *Reader) matmul(w *Work, m *pb.Matmul) (err error) {
	j := &w.matmul
	if j.A, err = r.view("A", m.GetA()); err != nil {
		return err
	}
	if j.B, err = r.view("B", m.GetB()); err != nil {
		return err
	}
	if m.GetBias() != nil {
		if j.Bias, err = r.view("Bias", m.GetBias()); err != nil {
			return err
		}
	}
	j.TransA, j.TransB = m.GetTransA(), m.GetTransB()
	alpha, beta := float32(1), m.GetBeta()
	if m.Alpha != nil {
		alpha = *m.Alpha
	}
	j.Scale = job.AlphaBeta(alpha, beta)
	j.C, err = r.product(w, m, beta != 0)
	w.C = j.C
	return err
}

// product returns the result of a product, as the message describes it or as
// its factors do.
func (r *Reader) product(w *Work, m *pb.Matmul, reads bool) (tensor.View, error) {
	j, c := &w.matmul, m.GetC()
	dt := j.B.DType()
	if j.B.Resident() != nil && j.A.Resident() == nil {
		dt = j.A.DType()
	}
	if c.GetDtype() != pb.Dtype_DTYPE_UNSPECIFIED {
		var err error
		if dt, err = TypeOf(c.GetDtype()); err != nil {
			return j.C, err
		}
	}
	if c.GetShared() != nil {
		return r.view("C", c)
	}
	dims := ProductDims(j)
	if len(c.GetDims()) > 0 {
		var err error
		if dims, err = Dims("C", c.GetDims()); err != nil {
			return j.C, err
		}
	}
	v, err := r.own(w, "C", dt, dims)
	switch {
	case err != nil || !reads:
		return v, err
	case c.GetMemory() == nil:
		return v, Invalid("C", "the elements that beta multiplies", "no memory")
	}
	return v, r.prefill(v, c, dt, dims)
}

// prefill copies what beta multiplies to the result.
func (r *Reader) prefill(dst tensor.View, c *pb.Tensor, dt tensor.DType, dims tensor.Dims) error {
	src, err := r.view("C", c)
	switch {
	case err != nil:
		return err
	case src.Resident() != nil:
		return Invalid("C", "elements in the message or in shared memory", "a loaded operand")
	case src.DType() != dt || src.Dims() != dims:
		return Invalid("C", "one type and shape", "%v %v and %v %v", src.DType(), src.Dims(), dt, dims)
	}
	tensor.Copy(dst, src)
	return nil
}

// ProductDims returns the dimensions of a product that its factors give it.
func ProductDims(j *job.Matmul) tensor.Dims {
	rows, cols := j.A.Rows(), j.B.Cols()
	if j.TransA {
		rows = j.A.Cols()
	}
	if j.TransB {
		cols = j.B.Rows()
	}
	return tensor.Dims{max(j.A.Matrices(), j.B.Matrices()), rows, cols}
}
