package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// softmax takes the forced kernel, or the one for the row length, and legacy
// where that one does not claim the problem's mode.
func (s *selection) softmax() *kernels.Row {
	row := s.preferredSoftmax()
	if row == nil {
		row = s.apply("legacy", kernels.FamilyLegacy, "no earlier rule applied")
	}
	return row
}

func (s *selection) preferredSoftmax() *kernels.Row {
	reason := "SOFTMAX_BACKEND=" + s.prefs.SoftmaxBackend.String()
	if f, forced := s.prefs.SoftmaxBackend.family(); forced {
		return s.apply("backend", f, reason)
	}
	s.skip("backend", reason)
	cols, most := s.problem.Shape.N, s.prefs.SoftmaxVecMaxCols
	if cols <= most {
		return s.apply("vec", kernels.FamilyVec, fmt.Sprintf("%d columns <= SOFTMAX_VEC_MAX_COLS=%d", cols, most))
	}
	above := fmt.Sprintf("%d columns > SOFTMAX_VEC_MAX_COLS=%d", cols, most)
	s.skip("vec", above)
	return s.apply("block", kernels.FamilyBlock, above)
}
