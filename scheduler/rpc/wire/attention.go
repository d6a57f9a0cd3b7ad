package wire

import (
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

func (r *Reader) attention(w *Work, m *pb.Attention) (err error) {
	j := &w.attention
	if j.Q, err = r.view("Q", m.GetQ()); err != nil {
		return err
	}
	if j.K, err = r.view("K", m.GetK()); err != nil {
		return err
	}
	if j.V, err = r.view("V", m.GetV()); err != nil {
		return err
	}
	j.Scale, j.Causal = m.GetScale(), m.GetCausal()
	if j.QueryOffset = int(m.GetQueryOffset()); int64(j.QueryOffset) != m.GetQueryOffset() {
		return Invalid("QueryOffset", "-2^40 to 2^40", "%d", m.GetQueryOffset())
	}
	j.O, err = r.heads(w, m.GetO())
	w.C = j.O
	return err
}

// heads returns the result of an attention: shared memory, or memory of ours
// for what its factors make.
func (r *Reader) heads(w *Work, o *pb.Tensor) (tensor.View, error) {
	if o.GetShared() != nil {
		return r.view("O", o)
	}
	j := &w.attention
	dt := j.Q.DType()
	if o.GetDtype() != pb.Dtype_DTYPE_UNSPECIFIED {
		var err error
		if dt, err = TypeOf(o.GetDtype()); err != nil {
			return j.O, err
		}
	}
	return r.own(w, "O", dt, AttentionDims(j))
}

// AttentionDims returns the dimensions of an attention's result.
func AttentionDims(j *job.Attention) tensor.Dims {
	return tensor.Dims{j.Q.Matrices(), j.Q.Rows(), j.V.Cols()}
}
