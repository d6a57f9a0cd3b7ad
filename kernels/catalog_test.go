package kernels_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestCatalogIsComplete(t *testing.T) {
	families, buckets := map[kernels.Family]int{}, map[kernels.Bucket]int{}
	experimental := 0
	for i := range kernels.Default {
		r := &kernels.Default[i]
		require.Same(t, r, kernels.Default.Find(r.Name), "names are unique")
		require.Contains(t, r.Name, r.Family.Op().String()+"_"+r.Family.String())
		require.Equal(t, r.Family == kernels.FamilySmallN, r.Bucket != kernels.BucketNone, r.Name)
		require.NotEmpty(t, r.Types, r.Name)
		if r.Experimental {
			experimental++
			continue
		}
		families[r.Family]++
		buckets[r.Bucket]++
	}
	for _, f := range kernels.Families {
		require.Positive(t, families[f], "%v has a row that is not experimental", f)
	}
	for _, b := range []kernels.Bucket{kernels.N1, kernels.N2, kernels.N4, kernels.N8, kernels.N16} {
		require.Equal(t, 1, buckets[b], b)
	}
	require.Positive(t, experimental)
	require.Nil(t, kernels.Default.Find("matmul_nothing"))
}

// TestFallbacksTakeEverything: what no other row claims must have a home.
func TestFallbacksTakeEverything(t *testing.T) {
	for _, d := range tensor.DTypes {
		for flags := range 4 {
			p := kernels.Problem{
				Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: 1, N: 1 << 40},
				A: d, B: d, C: d, Causal: flags&1 != 0, QueryOffset: flags&2 != 0,
			}
			ok, why := kernels.Default.Find("softmax_legacy").Supports(p, kernels.Caps{})
			require.True(t, ok, why)
		}
		ok, why := kernels.Default.Find("matmul_mlx").Supports(kernels.Problem{Op: kernels.OpMatmul, A: d, B: tensor.F32, C: tensor.F32}, kernels.Caps{})
		require.True(t, ok, why)
	}
}

// TestSupportsGatesEachField takes a row that supports a problem and takes
// away one thing after another.
func TestSupportsGatesEachField(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, Vendor: true, VendorHelp: "install it"}
	problem := kernels.Problem{
		Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: 4, N: 64},
		A: tensor.F16, B: tensor.F16, C: tensor.F16, Causal: true, QueryOffset: true,
	}
	row := kernels.Row{
		Name: "narrow", Family: kernels.FamilyVec, Types: []tensor.DType{tensor.F16}, Causal: true, Offset: true,
		MaxCols: 64, NeedsSIMDMatrix: true, NeedsVendor: true,
	}
	ok, why := row.Supports(problem, caps)
	require.True(t, ok, why)
	require.Empty(t, why)

	for want, change := range map[string]func(r *kernels.Row, p *kernels.Problem, c *kernels.Caps){
		"narrow computes softmax":                   func(_ *kernels.Row, p *kernels.Problem, _ *kernels.Caps) { p.Op = kernels.OpMatmul },
		"the device has no SIMD matrix multiply":    func(_ *kernels.Row, _ *kernels.Problem, c *kernels.Caps) { c.SIMDMatrix = false },
		"no vendor library: install it":             func(_ *kernels.Row, _ *kernels.Problem, c *kernels.Caps) { c.Vendor = false },
		"narrow does not take bf16":                 func(_ *kernels.Row, p *kernels.Problem, _ *kernels.Caps) { p.A = tensor.BF16 },
		"narrow does not mix types (f16, f32, f16)": func(_ *kernels.Row, p *kernels.Problem, _ *kernels.Caps) { p.B = tensor.F32 },
		"narrow does not mix types (f16, f16, f32)": func(_ *kernels.Row, p *kernels.Problem, _ *kernels.Caps) { p.C = tensor.F32 },
		"narrow has no causal mask":                 func(r *kernels.Row, _ *kernels.Problem, _ *kernels.Caps) { r.Causal = false },
		"narrow has no query offset":                func(r *kernels.Row, _ *kernels.Problem, _ *kernels.Caps) { r.Offset = false },
		"narrow takes up to 64 columns":             func(_ *kernels.Row, p *kernels.Problem, _ *kernels.Caps) { p.Shape.N = 65 },
	} {
		r, p, c := row, problem, caps
		change(&r, &p, &c)
		ok, why := r.Supports(p, c)
		require.False(t, ok, want)
		require.Equal(t, want, why)
	}
}

func TestSupportsMixedAndUnlimited(t *testing.T) {
	row := kernels.Row{Name: "mixed", Family: kernels.FamilyMLX, Types: []tensor.DType{tensor.F16}, Mixed: true}
	p := kernels.Problem{Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 1, N: 1 << 40}, A: tensor.F16, B: tensor.F32, C: tensor.F32}
	ok, why := row.Supports(p, kernels.Caps{})
	require.True(t, ok, why)
	row.MaxCols = 8 // of softmax rows only
	ok, why = row.Supports(p, kernels.Caps{})
	require.True(t, ok, why)
}
