package launch

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders/metal"
)

// Kernel is what to compile.
type Kernel struct {
	Entry     string // the name of the function
	Source    string // everything that has to be compiled
	Constants []Constant
}

// Constant is a function constant. Value holds the bits: 0 or 1 for a bool.
type Constant struct {
	Index int
	Type  ConstantType
	Value uint32
}

// ConstantType is the type of a function constant.
type ConstantType uint8

// The types of function constants.
const (
	Bool ConstantType = iota + 1
	Uint
)

// The indices of the function constants, as in arguments.metal.
const (
	constantTransA = iota
	constantTransB
	constantBeta
	constantBias
	constantCausal
	constantQueryOffset
	constantSIMDReduction
	constantThreadgroup
)

// Compile returns the kernel of a key. It wraps device.ErrUnsupported for one
// that has no shader.
func Compile(key kernels.Key) (Kernel, error) {
	e, ok := table[key.Kernel]
	if !ok {
		return Kernel{}, fmt.Errorf("kernel %q: %w", key.Kernel, device.ErrUnsupported)
	}
	source, err := metal.Source(e.file, metal.Types{A: key.A.String(), B: key.B.String(), C: key.C.String()})
	if err != nil {
		return Kernel{}, fmt.Errorf("kernel %v: %w: %w", key, device.ErrUnsupported, err)
	}
	return Kernel{Entry: key.Kernel, Source: source, Constants: constants(key)}, nil
}

// CopyKernel returns the kernel that copies elements of a type.
func CopyKernel(dt tensor.DType) (Kernel, error) {
	if dt == tensor.F16 {
		dt = tensor.BF16 // bits are copied, whatever they mean
	}
	source, err := metal.Source(copyEntry, metal.Types{A: dt.String(), B: dt.String(), C: dt.String()})
	if err != nil {
		return Kernel{}, fmt.Errorf("kernel %s: %w: %w", copyEntry, device.ErrUnsupported, err)
	}
	return Kernel{Entry: copyEntry, Source: source, Constants: constants(kernels.Key{})}, nil
}

func constants(key kernels.Key) []Constant {
	all := []Constant{{constantThreadgroup, Uint, uint32(key.Threadgroup)}}
	for _, c := range []struct {
		index int
		on    bool
	}{
		{constantTransA, key.TransA},
		{constantTransB, key.TransB},
		{constantBeta, key.BetaNonZero},
		{constantBias, key.Bias},
		{constantCausal, key.Causal},
		{constantQueryOffset, key.QueryOffset},
		{constantSIMDReduction, key.SIMDReduction},
	} {
		value := uint32(0)
		if c.on {
			value = 1
		}
		all = append(all, Constant{c.index, Bool, value})
	}
	return all
}
