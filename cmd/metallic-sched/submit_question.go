package main

import (
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// wireQuestion is a job without its memory, for the call that explains it.
func wireQuestion(j job.Job) *pb.Job {
	switch k := j.(type) {
	case *job.Matmul:
		alpha, beta := k.Scale.Factors()
		return &pb.Job{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{
			A: described(k.A), B: described(k.B), C: described(k.C), Bias: described(k.Bias),
			TransA: k.TransA, TransB: k.TransB, Alpha: &alpha, Beta: &beta,
		}}}
	case *job.Attention:
		return &pb.Job{Work: &pb.Job_Attention{Attention: &pb.Attention{
			Q: described(k.Q), K: described(k.K), V: described(k.V), O: described(k.O),
			Scale: k.Scale, Causal: k.Causal, QueryOffset: int64(k.QueryOffset),
		}}}
	case *job.Softmax:
		return &pb.Job{Work: &pb.Job_Softmax{Softmax: &pb.Softmax{
			X: described(k.X), Causal: k.Causal, QueryOffset: int64(k.QueryOffset),
		}}}
	}
	return &pb.Job{}
}

// described is a view without its memory; nil for none. What is loaded has a
// number, any one.
func described(v tensor.View) *pb.Tensor {
	if v.IsZero() {
		return nil
	}
	t := &pb.Tensor{}
	wire.Describe(t, &v)
	if v.Resident() != nil {
		t.Memory = &pb.Tensor_Operand{Operand: 1}
	}
	return t
}
