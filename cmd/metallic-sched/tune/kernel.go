package tune

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// keyOf returns the kernel that a family has for a problem on a device; false
// if it has none.
func keyOf(f kernels.Family, p kernels.Problem, caps kernels.Caps) (kernels.Key, bool) {
	prefs := policy.DefaultPrefs()
	prefs.SmallNMaxN, prefs.SIMDMMin, prefs.SIMDNMin = -1, 0, 0 // no small-N, else SIMD
	columns := p.Shape.N
	switch f {
	case kernels.FamilySmallN: // batches may be wider than jobs
		prefs.ForceSmallN = true
		p.Shape.N = min(p.Shape.N, kernels.MaxSmallN)
	case kernels.FamilyMLX:
		prefs.MatmulBackend = policy.MatmulMLX
	case kernels.FamilyMPS:
		prefs.MatmulBackend = policy.MatmulMPS
	case kernels.FamilyGEMV:
		prefs.MatmulBackend = policy.MatmulGEMV
	case kernels.FamilyVec:
		prefs.SoftmaxBackend = policy.SoftmaxVec
	case kernels.FamilyBlock:
		prefs.SoftmaxBackend = policy.SoftmaxBlock
	case kernels.FamilySIMD, kernels.FamilyLegacy, kernels.FamilyChain:
	}
	plan, err := policy.Select(p, caps, prefs, kernels.Default)
	if err != nil || plan.Family() != f {
		return kernels.Key{}, false
	}
	if f == kernels.FamilySmallN {
		return policy.KeyForColumns(plan, columns, p.BetaNonZero, p.Bias), true
	}
	return plan.Key, true
}
