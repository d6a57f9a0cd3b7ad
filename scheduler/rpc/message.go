package rpc

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// messageSlack is room for the rest of a message.
const messageSlack = 4096

func (x *call) product(j *job.Matmul) error {
	m := &x.matmul
	x.message.Work = &pb.Job_Matmul{Matmul: m}
	alpha, beta := j.Scale.Factors()
	m.Alpha, m.Beta, m.TransA, m.TransB = nil, nil, j.TransA, j.TransB
	if alpha != 1 {
		m.Alpha = &alpha
	}
	m.C = &x.tensors[2]
	if beta != 0 {
		m.Beta = &beta
	}
	switch x.result = j.C; {
	case x.place(m.C, &j.C):
		x.writesShared = true
	case beta != 0:
		if err := x.send(2, &j.C); err != nil {
			return err
		}
	default:
		wire.Describe(m.C, &j.C)
		m.C.Strides, m.C.Memory = nil, nil
	}
	m.A, m.B, m.Bias = &x.tensors[0], &x.tensors[1], nil
	if err := x.operand(0, &j.A); err != nil {
		return err
	}
	if err := x.operand(1, &j.B); err != nil || j.Bias.IsZero() {
		return err
	}
	m.Bias = &x.tensors[3]
	return x.operand(3, &j.Bias)
}

func (x *call) rows(j *job.Softmax) error {
	m := &x.softmax
	x.message.Work = &pb.Job_Softmax{Softmax: m}
	m.Causal, m.QueryOffset = j.Causal, int64(j.QueryOffset)
	if x.result = j.Y; j.Y.IsZero() {
		x.result = j.X
	}
	m.X, m.Y = &x.tensors[0], nil
	if x.place(&x.tensors[1], &x.result) {
		m.Y, x.writesShared = &x.tensors[1], true
	}
	return x.operand(0, &j.X)
}

func (x *call) heads(j *job.Attention) error {
	m := &x.attention
	x.message.Work = &pb.Job_Attention{Attention: m}
	m.Scale, m.Causal, m.QueryOffset = j.Scale, j.Causal, int64(j.QueryOffset)
	m.Q, m.K, m.V, m.O = &x.tensors[0], &x.tensors[1], &x.tensors[3], &x.tensors[2]
	if x.result = j.O; x.place(m.O, &j.O) {
		x.writesShared = true
	} else {
		wire.Describe(m.O, &j.O)
		m.O.Strides, m.O.Memory = nil, nil
	}
	if err := x.operand(0, &j.Q); err != nil {
		return err
	}
	if err := x.operand(1, &j.K); err != nil {
		return err
	}
	return x.operand(3, &j.V)
}

// operand writes an operand, which may be a loaded one.
func (x *call) operand(i int, v *tensor.View) error {
	r := v.Resident()
	if r == nil {
		return x.send(i, v)
	}
	o, ok := r.Owner.(*Operand)
	if !ok || o.client != x.client {
		return &job.InvalidError{Field: "operand", Got: "loaded elsewhere", Allowed: "operands of this client"}
	}
	held, err := o.acquire()
	if err != nil {
		return err
	}
	t, memory := &x.tensors[i], &pb.Tensor_Operand{}
	x.uses = append(x.uses, use{o, held, memory, i})
	if held.gone.Load() {
		return &job.RestartedError{Field: x.field(i), Operand: o}
	}
	if t.Memory = memory; held.name != "" {
		t.Memory = &pb.Tensor_Name{Name: held.name}
	}
	if t.Dims, t.Strides, t.Offset = t.Dims[:0], t.Strides[:0], 0; *v != o.view {
		wire.Describe(t, v)
		t.Offset = int64(v.Offset())
	} else {
		t.Dtype = pb.Dtype_DTYPE_UNSPECIFIED
	}
	return nil
}

func (x *call) send(i int, v *tensor.View) error {
	t := &x.tensors[i]
	if x.place(t, v) {
		return nil
	}
	if err := device.Try(func() { wire.SendIn(t, &x.datas[i], v) }); err != nil { // it may copy
		return unread(err)
	}
	x.size += len(x.datas[i].Data)
	return nil
}
