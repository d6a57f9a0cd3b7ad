package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// A question takes the path of a job: the form is what a scheduler would get.
func TestQuestionArrange(t *testing.T) {
	q := question{
		op: kernels.OpMatmul, shape: kernels.Shape{Batch: 1, M: 1, K: 896, N: 1152},
		a: tensor.F32, b: tensor.F16, c: tensor.F32, transB: true, beta: true, bias: true, loaded: "b",
	}
	f, err := q.arrange()
	require.NoError(t, err)
	p := f.Problem
	require.Equal(t, kernels.Shape{Batch: 1, M: 1152, K: 896, N: 1}, p.Shape)
	require.Equal(t, [3]tensor.DType{tensor.F16, tensor.F32, tensor.F32}, [3]tensor.DType{p.A, p.B, p.C})
	require.True(t, p.Mirrored && p.BetaNonZero && p.Bias)
	q.loaded = "a"
	f, err = q.arrange()
	require.NoError(t, err)
	require.False(t, f.Problem.Mirrored)
	require.Equal(t, q.shape, f.Problem.Shape)
}

func TestQuestionOfSoftmax(t *testing.T) {
	q := question{
		op: kernels.OpSoftmax, shape: kernels.Shape{Batch: 2, M: 3, N: 40}, a: tensor.BF16,
		causal: true, queryOffset: 5, loaded: "none",
	}
	f, err := q.arrange()
	require.NoError(t, err)
	require.Equal(t, q.shape, f.Problem.Shape)
	require.True(t, f.Problem.Causal && f.Problem.QueryOffset)
	require.Equal(t, 5, f.QueryOffset)
}

// Empty operands and operands as large as memory can be are jobs like others.
func TestQuestionOfAnySize(t *testing.T) {
	for _, s := range []kernels.Shape{{Batch: 1, M: 4}, {Batch: 1, K: 3, N: 3}, {}, {Batch: 1, M: 1 << 30, K: 1 << 20, N: 1 << 30}} {
		q := question{op: kernels.OpMatmul, shape: s, a: tensor.F16, b: tensor.F16, c: tensor.F16, bias: true, loaded: "none"}
		f, err := q.arrange()
		require.NoError(t, err, s)
		require.Equal(t, s, f.Problem.Shape)
	}
}
