package suite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func planOf(t *testing.T, p kernels.Problem, b Backend, caps kernels.Caps) *kernels.Plan {
	plan, err := policy.Select(p, caps, b.prefs(policy.DefaultPrefs()), kernels.Default)
	require.NoError(t, err)
	return plan
}

// Auto chooses what the table of shapes expects, on a device with SIMD matrix
// multiply.
func TestShapesGetWhatIsExpected(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, SIMDWidth: 32, MaxThreadgroup: 1024}
	for _, name := range []string{"matmul_dispatcher_smalln", "matmul_dispatcher_tuning", "matmul_dispatcher_qwen"} {
		for _, l := range shapes(name) {
			p := kernels.Problem{
				Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: l.m, N: l.n, K: l.k}, A: tensor.F16, B: tensor.F16, C: tensor.F16,
			}
			require.Equal(t, l.expect, planOf(t, p, Auto, caps).Family().String(), "%+v", l)
		}
	}
}

func TestReason(t *testing.T) {
	thin := kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 32, N: 16, K: 8}, A: tensor.BF16, B: tensor.BF16, C: tensor.BF16,
	}
	caps := kernels.Caps{SIMDMatrix: true, Vendor: true}
	require.Equal(t, "N=16 > SMALLN_MAX_N=8; M=32 < SIMD_M_MIN=64", reason(planOf(t, thin, Auto, caps).Rules))
	require.Equal(t, "MATMUL_BACKEND=mlx", reason(planOf(t, thin, MLX, caps).Rules))
	require.Equal(t, "MATMUL_BACKEND=mps, but matmul_mps does not take bf16; N=16 > SMALLN_MAX_N=8; M=32 < SIMD_M_MIN=64",
		reason(planOf(t, thin, MPS, caps).Rules))
	require.Equal(t, "MATMUL_BACKEND=mps, but matmul_mps does not take bf16", because(planOf(t, thin, MPS, caps).Rules, MPS))
	long := kernels.Problem{Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: 1, N: 9000}, A: tensor.F16, B: tensor.F16, C: tensor.F16}
	require.Equal(t, "SOFTMAX_BACKEND=vec, but softmax_vec takes up to 8192 columns", reason(planOf(t, long, Vec, caps).Rules))
	plan, err := policy.Select(long, caps, policy.DefaultPrefs(), legacyOnly(kernels.Default))
	require.NoError(t, err)
	require.Equal(t, "legacy", plan.Family().String())
	require.Equal(t, "no rule is about gemv", because(nil, GEMV))
}
