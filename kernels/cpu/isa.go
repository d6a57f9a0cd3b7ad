package cpu

import "fmt"

// Level is an instruction set that kernels are written for.
type Level uint8

// The levels. Each can do what those before it can.
const (
	Portable Level = iota // Go, on any processor
	AVX2                  // with FMA and F16C
	AVX512                // F, BW, DQ and VL
)

func (l Level) String() string {
	switch l {
	case Portable:
		return "portable Go"
	case AVX2:
		return "AVX2"
	case AVX512:
		return "AVX-512"
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// level is what kernels use.
var level = best()

// Best returns the highest level that this build and processor have.
func Best() Level { return best() }

// Levels returns every level that this build and processor have, lowest first.
func Levels() (all []Level) {
	for l := Portable; l <= best(); l++ {
		all = append(all, l)
	}
	return all
}

// Use has kernels run at a level, one of Levels, until restore is called. It is
// for tests and comparisons: no kernel may run meanwhile, and results at
// different levels may differ in their last bits.
func Use(l Level) (restore func()) {
	if l > best() {
		panic(fmt.Sprintf("cpu: this processor or build has no %v", l))
	}
	before := level
	level = l
	return func() { level = before }
}
