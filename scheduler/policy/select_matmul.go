package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// matmul tries the rules for products in order.
func (s *selection) matmul() *kernels.Row {
	for _, rule := range [...]func(*selection) *kernels.Row{
		(*selection).forcedMatmul,
		(*selection).forceSmallN,
		(*selection).smallN,
		(*selection).simd,
		(*selection).fallback,
	} {
		if row := rule(s); row != nil {
			return row
		}
	}
	return nil
}

func (s *selection) forcedMatmul() *kernels.Row {
	reason := "MATMUL_BACKEND=" + s.prefs.MatmulBackend.String()
	f, forced := s.prefs.MatmulBackend.family()
	if !forced {
		return s.skip("backend", reason)
	}
	return s.apply("backend", f, reason)
}

// forceSmallN raises the small-N rule to all that its kernels serve in one
// pass; wider products would read A more than once.
func (s *selection) forceSmallN() *kernels.Row {
	if !s.prefs.ForceSmallN {
		return s.skip("force-smalln", "FORCE_SMALLN is off")
	}
	if n := s.problem.Shape.N; n > kernels.MaxSmallN {
		return s.skip("force-smalln", fmt.Sprintf("FORCE_SMALLN is on, but N=%d > %d, the most columns of a small-N kernel", n, kernels.MaxSmallN))
	}
	return s.apply("force-smalln", kernels.FamilySmallN, fmt.Sprintf("FORCE_SMALLN is on and N=%d <= %d", s.problem.Shape.N, kernels.MaxSmallN))
}

func (s *selection) smallN() *kernels.Row {
	n, most := s.problem.Shape.N, s.prefs.SmallNMaxN
	if n > most {
		return s.skip("small-n", fmt.Sprintf("N=%d > SMALLN_MAX_N=%d", n, most))
	}
	return s.apply("small-n", kernels.FamilySmallN, fmt.Sprintf("N=%d <= SMALLN_MAX_N=%d", n, most))
}

func (s *selection) simd() *kernels.Row {
	shape, mMin, nMin := s.problem.Shape, s.prefs.SIMDMMin, s.prefs.SIMDNMin
	switch {
	case !s.caps.SIMDMatrix:
		return s.skip("simd", "the device has no SIMD matrix multiply")
	case shape.M < mMin:
		return s.skip("simd", fmt.Sprintf("M=%d < SIMD_M_MIN=%d", shape.M, mMin))
	case shape.N < nMin:
		return s.skip("simd", fmt.Sprintf("N=%d < SIMD_N_MIN=%d", shape.N, nMin))
	}
	return s.apply("simd", kernels.FamilySIMD, fmt.Sprintf("M=%d >= SIMD_M_MIN=%d and N=%d >= SIMD_N_MIN=%d", shape.M, mMin, shape.N, nMin))
}

func (s *selection) fallback() *kernels.Row {
	return s.apply("fallback", kernels.FamilyMLX, "no earlier rule applied")
}
