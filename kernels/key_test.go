package kernels_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var keys = rapid.Custom(func(t *rapid.T) kernels.Key {
	flag := rapid.Bool()
	size := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 1<<20))
	dtype := rapid.SampledFrom(tensor.DTypes)
	return kernels.Key{
		Kernel: rapid.SampledFrom(kernels.Default).Draw(t, "row").Name,
		A:      dtype.Draw(t, "A"), B: dtype.Draw(t, "B"), C: dtype.Draw(t, "C"),
		TransA: flag.Draw(t, "ta"), TransB: flag.Draw(t, "tb"),
		BetaNonZero: flag.Draw(t, "beta"), Bias: flag.Draw(t, "bias"),
		Bucket: rapid.SampledFrom([]kernels.Bucket{0, kernels.N1, kernels.N2, kernels.N4, kernels.N8, kernels.N16}).Draw(t, "bucket"),
		Width:  size.Draw(t, "width"), Causal: flag.Draw(t, "causal"), QueryOffset: flag.Draw(t, "offset"),
		SIMDReduction: flag.Draw(t, "simd"), Threadgroup: size.Draw(t, "threadgroup"),
		Tile: kernels.Tile{M: size.Draw(t, "tm"), N: size.Draw(t, "tn"), K: size.Draw(t, "tk")},
	}
})

// TestKeyStringsAreDistinct compares keys that differ in few fields, which are
// the likeliest to be mistaken for each other, and any two keys.
func TestKeyStringsAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := keys.Draw(t, "a"), keys.Draw(t, "b")
		require.Equal(t, a == b, a.String() == b.String())
		for name, c := range oneFieldOf(a, b) {
			require.Equal(t, a == c, a.String() == c.String(), name)
		}
	})
}

// oneFieldOf returns a with one field after another taken from b.
func oneFieldOf(a, b kernels.Key) map[string]kernels.Key {
	all := map[string]kernels.Key{}
	with := func(name string, set func(k *kernels.Key)) {
		k := a
		set(&k)
		all[name] = k
	}
	with("Kernel", func(k *kernels.Key) { k.Kernel = b.Kernel })
	with("A", func(k *kernels.Key) { k.A = b.A })
	with("B", func(k *kernels.Key) { k.B = b.B })
	with("C", func(k *kernels.Key) { k.C = b.C })
	with("TransA", func(k *kernels.Key) { k.TransA = b.TransA })
	with("TransB", func(k *kernels.Key) { k.TransB = b.TransB })
	with("BetaNonZero", func(k *kernels.Key) { k.BetaNonZero = b.BetaNonZero })
	with("Bias", func(k *kernels.Key) { k.Bias = b.Bias })
	with("Bucket", func(k *kernels.Key) { k.Bucket = b.Bucket })
	with("Width", func(k *kernels.Key) { k.Width = b.Width })
	with("Causal", func(k *kernels.Key) { k.Causal = b.Causal })
	with("QueryOffset", func(k *kernels.Key) { k.QueryOffset = b.QueryOffset })
	with("SIMDReduction", func(k *kernels.Key) { k.SIMDReduction = b.SIMDReduction })
	with("Threadgroup", func(k *kernels.Key) { k.Threadgroup = b.Threadgroup })
	with("Tile", func(k *kernels.Key) { k.Tile = b.Tile })
	return all
}

func TestKeyString(t *testing.T) {
	require.Equal(t, "softmax_vec/f16,f16,f16/w64/causal/offset/simdred/tg64", kernels.Key{
		Kernel: "softmax_vec", A: tensor.F16, B: tensor.F16, C: tensor.F16,
		Width: 64, Causal: true, QueryOffset: true, SIMDReduction: true, Threadgroup: 64,
	}.String())
	require.Equal(t, "matmul_smalln_n4/bf16,f32,f32/ta/tb/beta/bias/N4/t64x32x16", kernels.Key{
		Kernel: "matmul_smalln_n4", A: tensor.BF16, B: tensor.F32, C: tensor.F32, TransA: true, TransB: true,
		BetaNonZero: true, Bias: true, Bucket: kernels.N4, Tile: kernels.Tile{M: 64, N: 32, K: 16},
	}.String())
}
