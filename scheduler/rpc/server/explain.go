package server

import (
	"context"
	"math"
	"unsafe"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Explain implements the call.
func (s schedulerService) Explain(
	_ context.Context, r *connect.Request[pb.ExplainRequest],
) (*connect.Response[pb.ExplainResponse], error) {
	m, err := s.explain(r.Msg.GetJob())
	if err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(m), nil
}

func (s schedulerService) explain(m *pb.Job) (*pb.ExplainResponse, error) {
	j, err := s.question(m)
	if err != nil {
		return nil, err
	}
	plan, orientation, err := s.cfg.Scheduler.Explain(j)
	if err != nil {
		return nil, err
	}
	answer := &pb.ExplainResponse{
		Backend: plan.Family().String(), Variant: plan.Variant(), Kernel: plan.Key.Kernel, Key: plan.Key.String(),
		Orientation: orientation, Invariant: plan.BatchInvariant(),
	}
	for _, rule := range plan.Rules {
		answer.Rules = append(answer.Rules, &pb.Rule{Name: rule.Name, Applied: rule.Applied, Reason: rule.Reason})
	}
	return answer, nil
}

// question is a job over memory that is not there. Nothing looks at it.
func (s schedulerService) question(m *pb.Job) (job.Job, error) {
	space := &imaginary{store: s.store}
	switch k := m.GetWork().(type) {
	case *pb.Job_Matmul:
		return space.matmul(k.Matmul)
	case *pb.Job_Softmax:
		x, err := space.view("X", k.Softmax.GetX())
		return &job.Softmax{X: x, Causal: k.Softmax.GetCausal(), QueryOffset: int(k.Softmax.GetQueryOffset())}, err
	case *pb.Job_Attention:
		return space.attention(k.Attention)
	}
	return nil, wire.Invalid("work", "matmul, softmax or attention", "missing")
}

// imaginary hands out parts of a large memory that is not there.
type imaginary struct {
	store *store
	used  int
}

// nowhere is where the memory begins.
var nowhere byte

func (i *imaginary) matmul(m *pb.Matmul) (job.Job, error) {
	j := &job.Matmul{TransA: m.GetTransA(), TransB: m.GetTransB()}
	alpha := float32(1)
	if m.Alpha != nil {
		alpha = *m.Alpha
	}
	j.Scale = job.AlphaBeta(alpha, m.GetBeta())
	var err error
	if j.A, err = i.view("A", m.GetA()); err != nil {
		return nil, err
	}
	if j.B, err = i.view("B", m.GetB()); err != nil {
		return nil, err
	}
	c := m.GetC()
	if len(c.GetDims()) == 0 {
		d := wire.ProductDims(j)
		c = &pb.Tensor{Dtype: c.GetDtype(), Dims: []int64{int64(d[0]), int64(d[1]), int64(d[2])}}
		if c.Dtype == pb.Dtype_DTYPE_UNSPECIFIED {
			c.Dtype = wire.FromType(j.B.DType())
		}
	}
	if j.C, err = i.view("C", c); err != nil {
		return nil, err
	}
	if m.GetBias() != nil {
		j.Bias, err = i.view("Bias", m.GetBias())
	}
	return j, err
}

func (i *imaginary) attention(m *pb.Attention) (job.Job, error) {
	j := &job.Attention{Scale: m.GetScale(), Causal: m.GetCausal(), QueryOffset: int(m.GetQueryOffset())}
	var err error
	if j.Q, err = i.view("Q", m.GetQ()); err != nil {
		return nil, err
	}
	if j.K, err = i.view("K", m.GetK()); err != nil {
		return nil, err
	}
	if j.V, err = i.view("V", m.GetV()); err != nil {
		return nil, err
	}
	d := wire.AttentionDims(j)
	o := &pb.Tensor{Dtype: m.GetO().GetDtype(), Dims: []int64{int64(d[0]), int64(d[1]), int64(d[2])}}
	if o.Dtype == pb.Dtype_DTYPE_UNSPECIFIED {
		o.Dtype = wire.FromType(j.Q.DType())
	}
	j.O, err = i.view("O", o)
	return j, err
}

// view lays a tensor into memory of its own; one that names an operand without
// dimensions takes those of the operand, and one that names any is loaded.
func (i *imaginary) view(field string, t *pb.Tensor) (tensor.View, error) {
	if name := t.GetName(); name != "" && len(t.GetDims()) == 0 {
		whole, err := i.store.named(name)
		return whole, err
	}
	v, err := wire.Place(field, t, unsafe.Pointer(&nowhere), math.MaxInt, &i.used)
	if err == nil && (t.GetName() != "" || t.GetOperand() != 0) {
		v = (&tensor.Resident{ID: 1}).Of(v)
	}
	return v, err
}
