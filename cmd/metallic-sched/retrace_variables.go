package main

import (
	"slices"
	"time"
)

// variablePrefs is what METALLIC_ variables that are set say of decisions; nil is
// what none says.
type variablePrefs struct {
	matmulBackend, softmaxBackend                     *string
	smallNMaxN, simdMMin, simdNMin, softmaxVecMaxCols *int
	forceSmallN, experimental                         *bool
	linger                                            *time.Duration
}

func readVariablePrefs() (*variablePrefs, error) {
	cfg, err := settings("")
	if err != nil {
		return nil, err
	}
	set, err := variablesSet()
	if err != nil {
		return nil, err
	}
	p := cfg.Prefs
	return &variablePrefs{
		matmulBackend:     ifSet(set, "METALLIC_MATMUL_BACKEND", p.MatmulBackend.String()),
		smallNMaxN:        ifSet(set, "METALLIC_MATMUL_SMALLN_MAX_N", p.SmallNMaxN),
		simdMMin:          ifSet(set, "METALLIC_MATMUL_SIMD_M_MIN", p.SIMDMMin),
		simdNMin:          ifSet(set, "METALLIC_MATMUL_SIMD_N_MIN", p.SIMDNMin),
		forceSmallN:       ifSet(set, "METALLIC_MATMUL_FORCE_SMALLN", p.ForceSmallN),
		softmaxBackend:    ifSet(set, "METALLIC_SOFTMAX_BACKEND", p.SoftmaxBackend.String()),
		softmaxVecMaxCols: ifSet(set, "METALLIC_SOFTMAX_VEC_MAX_COLS", p.SoftmaxVecMaxCols),
		experimental:      ifSet(set, "METALLIC_EXP_KERNELS", p.Experimental),
		linger:            ifSet(set, "METALLIC_LINGER", cfg.Linger),
	}, nil
}

func ifSet[T any](set []string, name string, value T) *T {
	if !slices.Contains(set, name) {
		return nil
	}
	return &value
}
