package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func attention(dt, out tensor.DType, heads, group, rows, keys, dim int) kernels.Problem {
	return kernels.Problem{
		Op: kernels.OpAttention, Shape: kernels.Shape{Batch: heads, M: rows, N: keys, K: dim},
		A: dt, B: dt, C: out, Group: group, ValueCols: dim,
	}
}

// TestSelectChain looks at the links of a few attentions.
func TestSelectChain(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024}
	prefs := DefaultPrefs()
	for name, x := range map[string]struct {
		problem  kernels.Problem
		kernel   string
		mirrored bool
	}{
		"a token":          {attention(tensor.F16, tensor.F16, 14, 1, 1, 512, 64), "matmul_smalln_n1+softmax_vec+matmul_smalln_n1", true},
		"a token, grouped": {attention(tensor.F16, tensor.F16, 2, 7, 1, 512, 64), "matmul_smalln_n8+softmax_vec+matmul_smalln_n8", true},
		"wide groups":      {attention(tensor.F16, tensor.F16, 1, 16, 1, 512, 64), "matmul_mlx+softmax_vec+matmul_mlx", false},
		"a prompt":         {attention(tensor.F32, tensor.F32, 14, 1, 512, 512, 64), "matmul_simd+softmax_vec+matmul_simd", false},
		"a long prompt":    {attention(tensor.F32, tensor.F32, 14, 1, 2048, 2048, 64), "matmul_simd+softmax_block+matmul_simd", false},
	} {
		plan, err := Select(x.problem, caps, prefs, kernels.Default)
		require.NoError(t, err, name)
		require.Equal(t, x.kernel, plan.Key.Kernel, name)
		require.Equal(t, x.mirrored, plan.Chain.Scores.Problem.Mirrored, name)
		require.Equal(t, x.mirrored, plan.Chain.Values.Problem.Mirrored, name)
		require.Equal(t, kernels.FamilyChain, plan.Family())
		require.True(t, plan.BatchInvariant())
		require.False(t, plan.SharesColumns())
	}
	prefs.MatmulBackend, caps.Vendor = MatmulMPS, true
	plan, err := Select(attention(tensor.F32, tensor.F32, 14, 1, 512, 512, 64), caps, prefs, kernels.Default)
	require.NoError(t, err)
	require.Equal(t, "matmul_mps+softmax_vec+matmul_mps", plan.Key.Kernel)
	require.False(t, plan.BatchInvariant())
}

// What the device does without is said once, and first, however many links.
func TestSelectChainFallback(t *testing.T) {
	caps := kernels.Caps{SIMDWidth: 32, MaxThreadgroup: 1024, Fallback: "none of its own"}
	plan, err := Select(attention(tensor.F16, tensor.F16, 2, 7, 1, 512, 64), caps, DefaultPrefs(), kernels.Default)
	require.NoError(t, err)
	require.Equal(t, kernels.Rule{Name: "device", Reason: "none of its own"}, plan.Rules[0])
	for _, r := range plan.Rules[1:] {
		require.NotEqual(t, "none of its own", r.Reason)
	}
}

func TestSelectChainRefusesTypes(t *testing.T) {
	p := attention(tensor.F16, tensor.BF16, 1, 1, 1, 1, 1)
	_, err := Select(p, kernels.Caps{}, DefaultPrefs(), kernels.Default)
	var wrong *TypesError
	require.ErrorAs(t, err, &wrong)
	_, err = Select(attention(tensor.F16, tensor.F16, 1, 1, 1, 1, 1), kernels.Caps{}, DefaultPrefs(), kernels.Catalog{kernels.Default[0]})
	var none *UnsupportedError
	require.ErrorAs(t, err, &none)
	require.ErrorContains(t, err, "attention: ")
}

// TestLinksAreWhatJobsOfTheirOwnGet: each link's plan is the one of a job of
// the same problem, except for the types of the values.
func TestLinksAreWhatJobsOfTheirOwnGet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		caps, prefs, catalog := drawCaps(t), drawPrefs(t), kernels.Default
		dt := rapid.SampledFrom(tensor.DTypes).Draw(t, "type")
		n := func(name string) int { return rapid.IntRange(1, 1200).Draw(t, name) }
		p := attention(dt, dt, rapid.IntRange(1, 4).Draw(t, "heads"), rapid.IntRange(1, 9).Draw(t, "group"), n("rows"), n("keys"), n("dim"))
		p.Causal = rapid.Bool().Draw(t, "causal")
		plan, err := Select(p, caps, prefs, catalog)
		require.NoError(t, err)
		for i, link := range plan.Chain.Links() {
			if i == 2 && dt != tensor.F32 {
				continue
			}
			alone, err := Select(link.Problem, caps, prefs, catalog)
			require.NoError(t, err)
			require.Equal(t, alone, link)
		}
		require.Equal(t, p.QueryRows() <= prefs.SmallNMaxN, plan.Chain.Scores.Problem.Mirrored)
	})
}
