package kernels_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func plan(row string, shape kernels.Shape) *kernels.Plan {
	r := kernels.Default.Find(row)
	return &kernels.Plan{Problem: kernels.Problem{Op: r.Family.Op(), Shape: shape}, Row: r, Bucket: r.Bucket}
}

func TestPlan(t *testing.T) {
	one, many := kernels.Shape{Batch: 1, M: 2, N: 3, K: 4}, kernels.Shape{Batch: 2, M: 2, N: 3, K: 4}
	for _, c := range []struct {
		row     string
		shape   kernels.Shape
		shares  bool
		variant string
	}{
		{"matmul_smalln_n8", one, true, "N8"},
		{"matmul_gemv", one, true, "-"},
		{"matmul_mlx", many, false, "-"},
		{"matmul_mps", one, false, "-"},
		{"softmax_vec", many, true, "w0"},
	} {
		p := plan(c.row, c.shape)
		require.Equal(t, c.shares, p.SharesColumns(), c.row)
		require.Equal(t, c.variant, p.Variant(), c.row)
		require.Equal(t, p.Row.Family, p.Family())
	}
}

func TestPlanReason(t *testing.T) {
	p := plan("matmul_mlx", kernels.Shape{Batch: 1})
	require.Empty(t, p.Reason())
	p.Rules = []kernels.Rule{{Name: "simd", Reason: "too few rows"}, {Name: "fallback", Applied: true, Reason: "nothing else"}}
	require.Equal(t, "nothing else", p.Reason())
}

func TestVariant(t *testing.T) {
	for _, f := range kernels.Families {
		want := "-"
		switch {
		case f == kernels.FamilySmallN:
			want = "N4"
		case f.Op() == kernels.OpSoftmax:
			want = "w128"
		}
		require.Equal(t, want, kernels.Variant(f, kernels.N4, 128), f)
	}
}
