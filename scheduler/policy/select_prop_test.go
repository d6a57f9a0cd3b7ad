package policy

import (
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawCaps(t *rapid.T) kernels.Caps {
	return kernels.Caps{
		SIMDMatrix:     rapid.Bool().Draw(t, "simd matrix"),
		SIMDReduction:  rapid.Bool().Draw(t, "simd reduction"),
		SIMDWidth:      rapid.SampledFrom([]int{1, 8, 32}).Draw(t, "simd width"),
		MaxThreadgroup: rapid.IntRange(32, 1100).Draw(t, "max threadgroup"),
		Vendor:         rapid.Bool().Draw(t, "vendor"),
		VendorHelp:     "install it",
	}
}

func drawPrefs(t *rapid.T) Prefs {
	return Prefs{
		MatmulBackend:     rapid.SampledFrom(matmulBackends).Draw(t, "matmul backend"),
		SmallNMaxN:        rapid.IntRange(0, 16).Draw(t, "small-n max"),
		SIMDMMin:          rapid.IntRange(0, 70).Draw(t, "simd m min"),
		SIMDNMin:          rapid.IntRange(0, 20).Draw(t, "simd n min"),
		ForceSmallN:       rapid.Bool().Draw(t, "force small-n"),
		SoftmaxBackend:    rapid.SampledFrom(softmaxBackends).Draw(t, "softmax backend"),
		SoftmaxVecMaxCols: rapid.IntRange(0, 2000).Draw(t, "vec max"),
		Experimental:      rapid.Bool().Draw(t, "experimental"),
	}
}

// drawCatalog returns the default catalog with rows missing, narrowed and
// marked experimental at random.
func drawCatalog(t *rapid.T) kernels.Catalog {
	var catalog kernels.Catalog
	for _, r := range append(kernels.Default, kernels.Default...) {
		switch rapid.IntRange(0, 5).Draw(t, r.Name) {
		case 0:
			continue
		case 1:
			r.Types = []tensor.DType{rapid.SampledFrom(tensor.DTypes).Draw(t, "type")}
			r.Causal = false
		case 2:
			r.Mixed, r.Offset = false, false
		case 3:
			r.Experimental = true
		}
		catalog = append(catalog, r)
	}
	return catalog
}

func drawProblem(t *rapid.T) kernels.Problem {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	size := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 2100))
	p := kernels.Problem{
		Op:    rapid.SampledFrom([]kernels.Op{kernels.OpMatmul, kernels.OpSoftmax}).Draw(t, "op"),
		Shape: kernels.Shape{Batch: 1, M: size.Draw(t, "m"), N: size.Draw(t, "n")},
		A:     rapid.SampledFrom(tensor.DTypes).Draw(t, "a"),
	}
	p.B, p.C = p.A, p.A
	if p.Op == kernels.OpSoftmax {
		p.Causal, p.QueryOffset = flag("causal"), flag("offset")
		return p
	}
	p.Shape.K = size.Draw(t, "k")
	p.TransA, p.TransB, p.Mirrored = flag("ta"), flag("tb"), flag("mirrored")
	p.BetaNonZero, p.Bias = flag("beta"), flag("bias")
	if flag("mixed") {
		p.B = rapid.SampledFrom(tensor.DTypes).Draw(t, "b")
		p.C = rapid.SampledFrom(tensor.DTypes).Draw(t, "c")
	}
	return p
}

func TestSelectNeverExceedsItsCatalog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, caps, prefs, catalog := drawProblem(t), drawCaps(t), drawPrefs(t), drawCatalog(t)
		plan, err := Select(p, caps, prefs, catalog)
		again, againErr := Select(p, caps, prefs, catalog)
		require.Equal(t, plan, again)
		require.Equal(t, err, againErr)
		if err != nil {
			return
		}
		requireServes(t, plan, plan.Row, caps, prefs)
		require.Equal(t, p, plan.Problem)
		require.Equal(t, plan.Row.Name, plan.Key.Kernel)
		require.Equal(t, plan.Row.Bucket, plan.Bucket)
		for i, r := range plan.Rules {
			require.Equal(t, i == len(plan.Rules)-1, r.Applied)
			require.NotEmpty(t, r.Name)
			require.NotEmpty(t, r.Reason)
		}
		if plan.Family() == kernels.FamilySmallN {
			require.LessOrEqual(t, p.Shape.N, int(plan.Bucket))
			for _, row := range plan.SmallN {
				requireServes(t, plan, row, caps, prefs)
			}
		}
	})
}

func requireServes(t *rapid.T, plan *kernels.Plan, row *kernels.Row, caps kernels.Caps, prefs Prefs) {
	require.NotNil(t, row)
	require.Equal(t, plan.Family(), row.Family)
	ok, why := row.Supports(plan.Problem, caps)
	require.True(t, ok, why)
	require.True(t, prefs.Experimental || !row.Experimental)
}

// TestSelectAgreesWithTheOrder states the order of selection once more, as
// plainly as it can be said, and compares.
func TestSelectAgreesWithTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, caps, prefs, catalog := drawProblem(t), drawCaps(t), drawPrefs(t), drawCatalog(t)
		var wanted kernels.Family
		for _, f := range familyOrder(p, caps, prefs) {
			if anySupports(f, p, caps, prefs, catalog) {
				wanted = f
				break
			}
		}
		if p.Op == kernels.OpMatmul && CheckTypes(p.A, p.B, p.C) != nil {
			wanted = 0
		}
		plan, err := Select(p, caps, prefs, catalog)
		if wanted == 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, wanted, plan.Family())
	})
}

func familyOrder(p kernels.Problem, caps kernels.Caps, prefs Prefs) (order []kernels.Family) {
	if p.Op == kernels.OpSoftmax {
		switch prefs.SoftmaxBackend {
		case SoftmaxVec:
			return []kernels.Family{kernels.FamilyVec, kernels.FamilyLegacy}
		case SoftmaxBlock:
			return []kernels.Family{kernels.FamilyBlock, kernels.FamilyLegacy}
		case SoftmaxAuto:
		}
		if p.Shape.N <= prefs.SoftmaxVecMaxCols {
			return []kernels.Family{kernels.FamilyVec, kernels.FamilyLegacy}
		}
		return []kernels.Family{kernels.FamilyBlock, kernels.FamilyLegacy}
	}
	switch prefs.MatmulBackend {
	case MatmulMLX:
		order = append(order, kernels.FamilyMLX)
	case MatmulMPS:
		order = append(order, kernels.FamilyMPS)
	case MatmulGEMV:
		order = append(order, kernels.FamilyGEMV)
	case MatmulAuto:
	}
	if (prefs.ForceSmallN && p.Shape.N <= 16) || p.Shape.N <= prefs.SmallNMaxN {
		order = append(order, kernels.FamilySmallN)
	}
	if caps.SIMDMatrix && p.Shape.M >= prefs.SIMDMMin && p.Shape.N >= prefs.SIMDNMin {
		order = append(order, kernels.FamilySIMD)
	}
	return append(order, kernels.FamilyMLX)
}

func anySupports(f kernels.Family, p kernels.Problem, caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) bool {
	for _, r := range catalog {
		ok, _ := r.Supports(p, caps)
		wide := f != kernels.FamilySmallN || int(r.Bucket) >= p.Shape.N
		if r.Family == f && ok && wide && (prefs.Experimental || !r.Experimental) {
			return true
		}
	}
	return false
}

func TestExperimentalRowsComeFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, caps, prefs, catalog := drawProblem(t), drawCaps(t), drawPrefs(t), drawCatalog(t)
		plan, err := Select(p, caps, prefs, catalog)
		if err != nil || !prefs.Experimental || plan.Row.Experimental {
			return
		}
		for _, r := range catalog {
			if ok, _ := r.Supports(p, caps); ok && r.Family == plan.Family() && r.Bucket == plan.Bucket {
				require.False(t, r.Experimental, "%s was passed over", r.Name)
			}
		}
	})
}

func TestKeysAreCompleteAndMinimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, caps, prefs := drawProblem(t), drawCaps(t), drawPrefs(t)
		plan, err := Select(p, caps, prefs, kernels.Default)
		if err != nil {
			return
		}
		key := kernels.Key{Kernel: plan.Row.Name, A: p.A, B: p.B, C: p.C}
		switch p.Op {
		case kernels.OpMatmul:
			key.TransA, key.TransB, key.BetaNonZero, key.Bias = p.TransA, p.TransB, p.BetaNonZero, p.Bias
			if plan.Family() == kernels.FamilySmallN {
				key.Bucket, key.SIMDReduction = kernels.BucketFor(p.Shape.N), caps.SIMDReduction
			}
		case kernels.OpSoftmax:
			key.Causal, key.QueryOffset, key.Width = p.Causal, p.QueryOffset, kernels.WidthBucket(p.Shape.N)
			key.SIMDReduction = caps.SIMDReduction && plan.Family() != kernels.FamilyLegacy
			key.Threadgroup = plan.Key.Threadgroup
			requireThreadgroup(t, key.Threadgroup, p.Shape.N, caps)
		case kernels.OpAttention: // none was drawn
		}
		require.Equal(t, key, plan.Key)
	})
}

// requireThreadgroup looks through all powers of two: the smallest that covers
// the row and a SIMD group, or the largest that the device can hold.
func requireThreadgroup(t *rapid.T, got, cols int, caps kernels.Caps) {
	want := 1
	for want < max(cols, caps.SIMDWidth) && 2*want <= caps.MaxThreadgroup {
		want *= 2
	}
	require.Equal(t, want, got)
}

func TestKeyForColumnsIsTheKeyOfOneWideJob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, caps, prefs := drawProblem(t), drawCaps(t), drawPrefs(t)
		plan, err := Select(p, caps, prefs, kernels.Default)
		if err != nil {
			return
		}
		columns := rapid.IntRange(1, 40).Draw(t, "columns")
		beta, bias := rapid.Bool().Draw(t, "beta"), rapid.Bool().Draw(t, "bias")
		key := KeyForColumns(plan, columns, beta, bias)
		want := plan.Key
		if p.Op == kernels.OpMatmul {
			want.BetaNonZero, want.Bias = beta, bias
		}
		if plan.Family() == kernels.FamilySmallN {
			want.Bucket = kernels.BucketFor(columns)
			want.Kernel = "matmul_smalln_n" + want.Bucket.String()[1:]
		}
		require.Equal(t, want, key)
		require.Zero(t, testing.AllocsPerRun(1, func() { KeyForColumns(plan, columns, beta, bias) }))
	})
}

func TestKeyForColumnsWithFewBuckets(t *testing.T) {
	catalog := kernels.Catalog{*kernels.Default.Find("matmul_smalln_n2"), *kernels.Default.Find("matmul_smalln_n8")}
	plan, err := Select(product(64, 64, 2, tensor.F32), kernels.Caps{}, DefaultPrefs(), catalog)
	require.NoError(t, err)
	for columns, want := range map[int]string{
		1: "matmul_smalln_n2", 2: "matmul_smalln_n2", 3: "matmul_smalln_n8", 8: "matmul_smalln_n8", 16: "matmul_smalln_n8", 64: "matmul_smalln_n8",
	} {
		require.Equal(t, want, KeyForColumns(plan, columns, false, false).Kernel, columns)
	}
}
