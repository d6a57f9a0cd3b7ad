package policy

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// MatmulBackend is a preference for how products are computed.
type MatmulBackend uint8

// The matmul backends that may be asked for.
const (
	MatmulAuto MatmulBackend = iota // by shape and device
	MatmulMLX
	MatmulMPS
	MatmulGEMV
)

var matmulBackends = []MatmulBackend{MatmulAuto, MatmulMLX, MatmulMPS, MatmulGEMV}

const (
	matmulAllowed  = "auto, mlx, mps, gemv (also legacy_gemv)"
	softmaxAllowed = "auto, vec, block"
)

func (b MatmulBackend) String() string {
	switch b {
	case MatmulAuto:
		return "auto"
	case MatmulMLX:
		return "mlx"
	case MatmulMPS:
		return "mps"
	case MatmulGEMV:
		return "gemv"
	}
	return fmt.Sprintf("matmul_backend(%d)", uint8(b))
}

// ParseMatmulBackend reads a name as String prints it, in any case; gemv is
// also known as legacy_gemv.
func ParseMatmulBackend(s string) (MatmulBackend, error) {
	if strings.EqualFold(s, "legacy_gemv") {
		return MatmulGEMV, nil
	}
	for _, b := range matmulBackends {
		if strings.EqualFold(s, b.String()) {
			return b, nil
		}
	}
	return 0, fmt.Errorf("matmul backend %q is not known; allowed are %s", s, matmulAllowed)
}

// family returns the kernel family that b forces; ok is false for auto.
func (b MatmulBackend) family() (f kernels.Family, ok bool) {
	switch b {
	case MatmulMLX:
		return kernels.FamilyMLX, true
	case MatmulMPS:
		return kernels.FamilyMPS, true
	case MatmulGEMV:
		return kernels.FamilyGEMV, true
	case MatmulAuto:
	}
	return 0, false
}

// SoftmaxBackend is a preference for how softmax is computed.
type SoftmaxBackend uint8

// The softmax backends that may be asked for.
const (
	SoftmaxAuto SoftmaxBackend = iota // by row length
	SoftmaxVec
	SoftmaxBlock
)

var softmaxBackends = []SoftmaxBackend{SoftmaxAuto, SoftmaxVec, SoftmaxBlock}

func (b SoftmaxBackend) String() string {
	switch b {
	case SoftmaxAuto:
		return "auto"
	case SoftmaxVec:
		return "vec"
	case SoftmaxBlock:
		return "block"
	}
	return fmt.Sprintf("softmax_backend(%d)", uint8(b))
}

// ParseSoftmaxBackend reads a name as String prints it, in any case.
func ParseSoftmaxBackend(s string) (SoftmaxBackend, error) {
	for _, b := range softmaxBackends {
		if strings.EqualFold(s, b.String()) {
			return b, nil
		}
	}
	return 0, fmt.Errorf("softmax backend %q is not known; allowed are %s", s, softmaxAllowed)
}

// family returns the kernel family that b forces; ok is false for auto.
func (b SoftmaxBackend) family() (f kernels.Family, ok bool) {
	switch b {
	case SoftmaxVec:
		return kernels.FamilyVec, true
	case SoftmaxBlock:
		return kernels.FamilyBlock, true
	case SoftmaxAuto:
	}
	return 0, false
}
