package kernels_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestFamilies(t *testing.T) {
	for f, want := range map[kernels.Family]struct {
		name string
		op   kernels.Op
	}{
		kernels.FamilyGEMV:   {"gemv", kernels.OpMatmul},
		kernels.FamilySmallN: {"smalln", kernels.OpMatmul},
		kernels.FamilySIMD:   {"simd", kernels.OpMatmul},
		kernels.FamilyMLX:    {"mlx", kernels.OpMatmul},
		kernels.FamilyMPS:    {"mps", kernels.OpMatmul},
		kernels.FamilyVec:    {"vec", kernels.OpSoftmax},
		kernels.FamilyBlock:  {"block", kernels.OpSoftmax},
		kernels.FamilyLegacy: {"legacy", kernels.OpSoftmax},
	} {
		require.Contains(t, kernels.Families, f)
		require.Equal(t, want.name, f.String())
		require.Equal(t, want.op, f.Op(), f)
		require.Equal(t, f != kernels.FamilyMPS, f.BatchInvariant(), f)
	}
	require.Len(t, kernels.Families, 8)
	require.Equal(t, "family(0)", kernels.Family(0).String())
}

func TestOpNames(t *testing.T) {
	require.Equal(t, "matmul", kernels.OpMatmul.String())
	require.Equal(t, "softmax", kernels.OpSoftmax.String())
	require.Equal(t, "op(0)", kernels.Op(0).String())
}
