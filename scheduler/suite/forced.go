package suite

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// decisive are the variables by which a user decides how an operation is
// computed.
func decisive(op kernels.Op) []string {
	switch op {
	case kernels.OpMatmul:
		return []string{
			"METALLIC_MATMUL_BACKEND", "METALLIC_MATMUL_SMALLN_MAX_N", "METALLIC_MATMUL_SIMD_M_MIN",
			"METALLIC_MATMUL_SIMD_N_MIN", "METALLIC_MATMUL_FORCE_SMALLN",
		}
	case kernels.OpSoftmax:
		return []string{"METALLIC_SOFTMAX_BACKEND", "METALLIC_SOFTMAX_VEC_MAX_COLS"}
	case kernels.OpAttention:
		return append(decisive(kernels.OpMatmul), decisive(kernels.OpSoftmax)...)
	}
	return nil
}

// Deciding returns those of the variables that are set by which a user decides
// how any of the cases is computed.
func Deciding(cases []Case, set []string) (by []string) {
	for _, name := range set {
		if slices.ContainsFunc(cases, func(c Case) bool { return c.decidedBy(name) }) {
			by = append(by, name)
		}
	}
	return by
}

// decidedBy reports whether a variable decides how the case is computed.
func (c Case) decidedBy(variable string) bool {
	return slices.ContainsFunc(c.Work.Ops(), func(op kernels.Op) bool { return slices.Contains(decisive(op), variable) })
}

// Decided leaves the choice to a user who made one: of cases whose operations
// are decided by one of the variables that are set, each Work is kept once,
// with Auto. Others stay as they are.
func Decided(cases []Case, set []string) []Case {
	var kept []Case
	for _, c := range cases {
		byUser := slices.ContainsFunc(set, c.decidedBy)
		if byUser {
			c.Backend = Auto
		}
		if !byUser || !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	return kept
}
