package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// question is a job to explain, as its caller would write it.
type question struct {
	op             kernels.Op
	shape          kernels.Shape // as written; softmax: M rows of N columns; attention: Batch heads, M rows, N keys
	a, b, c        tensor.DType  // softmax: only a
	transA, transB bool
	beta, bias     bool
	causal         bool
	queryOffset    int
	kvHeads        int    // attention
	loaded         string // a, b or none
}

// parseShape reads MxKxN for a product, ROWSxCOLS for a softmax and ROWSxDIMxKEYS
// for an attention.
func parseShape(op kernels.Op, text string) (kernels.Shape, error) {
	want := "MxKxN"
	switch op {
	case kernels.OpSoftmax:
		want = "ROWSxCOLUMNS"
	case kernels.OpAttention:
		want = "ROWSxDIMxKEYS"
	case kernels.OpMatmul:
	}
	var n []int
	for _, field := range strings.Split(text, "x") {
		size, err := strconv.Atoi(field)
		if err != nil || size < 0 {
			return kernels.Shape{}, fmt.Errorf("shape %q is not %s in whole numbers of at least 0", text, want)
		}
		n = append(n, size)
	}
	switch {
	case op != kernels.OpSoftmax && len(n) == 3:
		return kernels.Shape{Batch: 1, M: n[0], K: n[1], N: n[2]}, nil
	case op == kernels.OpSoftmax && len(n) == 2:
		return kernels.Shape{Batch: 1, M: n[0], N: n[1]}, nil
	}
	return kernels.Shape{}, fmt.Errorf("shape %q is not %s", text, want)
}

// parseTypes reads one type for all operands, or one each for A, B and C.
func parseTypes(text string) (a, b, c tensor.DType, err error) {
	names := strings.Split(text, ",")
	if len(names) == 1 {
		names = []string{names[0], names[0], names[0]}
	}
	if len(names) != 3 {
		return 0, 0, 0, fmt.Errorf("--dtype %q: give one type, or three for A, B and C", text)
	}
	for i, dt := range []*tensor.DType{&a, &b, &c} {
		if *dt, err = tensor.ParseDType(strings.TrimSpace(names[i])); err != nil {
			return 0, 0, 0, fmt.Errorf("--dtype: %w", err)
		}
	}
	return a, b, c, nil
}

// arrange takes the question through the checks and the orientation of a real
// job. No memory stands behind its operands.
func (q *question) arrange() (job.Form, error) {
	var f job.Form
	err := q.job().Arrange(&f, policy.Orient)
	return f, err
}

func (q *question) job() job.Job {
	s, space := q.shape, &imaginary{}
	if q.op == kernels.OpSoftmax {
		return &job.Softmax{X: space.matrix(q.a, s.Batch, s.M, s.N), Causal: q.causal, QueryOffset: q.queryOffset}
	}
	if q.op == kernels.OpAttention {
		return q.attention(space)
	}
	m := &job.Matmul{
		A: space.operand(q.a, s.Batch, s.M, s.K, q.transA), TransA: q.transA,
		B: space.operand(q.b, s.Batch, s.K, s.N, q.transB), TransB: q.transB,
		C: space.matrix(q.c, s.Batch, s.M, s.N),
	}
	if q.beta {
		m.Scale = job.AlphaBeta(1, 1)
	}
	if q.bias {
		m.Bias = space.matrix(q.c, 1, 1, s.N)
	}
	switch q.loaded {
	case "a":
		m.A = (&tensor.Resident{ID: 1}).Of(m.A)
	case "b":
		m.B = (&tensor.Resident{ID: 1}).Of(m.B)
	}
	return m
}

func (q *question) attention(space *imaginary) *job.Attention {
	s := q.shape
	return &job.Attention{
		Q: space.matrix(q.a, s.Batch, s.M, s.K),
		K: space.matrix(q.b, q.kvHeads, s.N, s.K), V: space.matrix(q.b, q.kvHeads, s.N, s.K),
		O: space.matrix(q.c, s.Batch, s.M, s.K), Causal: q.causal, QueryOffset: q.queryOffset,
	}
}

// imaginary hands out parts of one large memory that is not there. A job is
// checked and arranged without a look at what is behind its views.
type imaginary struct{ used int }

// nowhere is where the memory begins, since jobs refuse views of no memory.
var nowhere byte

func (m *imaginary) operand(dt tensor.DType, n, rows, cols int, trans bool) tensor.View {
	if trans {
		rows, cols = cols, rows
	}
	return m.matrix(dt, n, rows, cols)
}

func (m *imaginary) matrix(dt tensor.DType, n, rows, cols int) tensor.View {
	dims := tensor.Dims{n, rows, cols}
	const unit = 4 // bytes; a multiple of every element's size
	v := tensor.Window(unsafe.Pointer(&nowhere), math.MaxInt, dt, dims, tensor.Compact(dims), m.used/dt.Size())
	if v.Err() == nil {
		m.used += (v.Len()*dt.Size() + unit - 1) / unit * unit
	}
	return v
}
