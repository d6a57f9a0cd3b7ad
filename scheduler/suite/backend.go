package suite

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Backend is the kernel family that a case has to be computed by, or Auto.
type Backend string

// The backends.
const (
	// Auto forces nothing: the user's preferences decide.
	Auto   Backend = "auto"
	SmallN Backend = "smalln"
	SIMD   Backend = "simd"
	MLX    Backend = "mlx"
	MPS    Backend = "mps"
	GEMV   Backend = "gemv"
	Vec    Backend = "vec"
	Block  Backend = "block"
	Legacy Backend = "legacy"
)

// prefs returns preferences that choose b's kernels wherever they can compute
// the problem.
func (b Backend) prefs(p policy.Prefs) policy.Prefs {
	switch b {
	case Auto, Legacy: // Legacy is what a catalog without the others leaves
	case SmallN:
		p.MatmulBackend, p.ForceSmallN = policy.MatmulAuto, true
	case SIMD:
		p.MatmulBackend, p.ForceSmallN, p.SmallNMaxN, p.SIMDMMin, p.SIMDNMin = policy.MatmulAuto, false, 0, 0, 0
	case MLX:
		p.MatmulBackend = policy.MatmulMLX
	case MPS:
		p.MatmulBackend = policy.MatmulMPS
	case GEMV:
		p.MatmulBackend = policy.MatmulGEMV
	case Vec:
		p.SoftmaxBackend = policy.SoftmaxVec
	case Block:
		p.SoftmaxBackend = policy.SoftmaxBlock
	}
	return p
}

// rule is the rule of selection by which b is chosen.
func (b Backend) rule() string {
	switch b {
	case SmallN:
		return "force-smalln"
	case SIMD:
		return "simd"
	case Legacy:
		return "legacy"
	case Auto, MLX, MPS, GEMV, Vec, Block:
	}
	return "backend"
}

// legacyOnly is a catalog whose softmaxes are all legacy's.
func legacyOnly(c kernels.Catalog) kernels.Catalog {
	return slices.DeleteFunc(slices.Clone(c), func(r kernels.Row) bool {
		return r.Family == kernels.FamilyVec || r.Family == kernels.FamilyBlock
	})
}
