package kerneltest

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	unit      = 0x1p-23  // of a float32 that may be truncated
	subnormal = 0x1p-149 // the least subnormal float32
	normal    = 0x1p-126 // the least normal float32
	farthest  = 104      // e^-104 is 0 in float32
)

// within reports whether got is an acceptable rounding of want, give or take e.
func within(got float32, want, e float64, dt tensor.DType) bool {
	if math.IsNaN(want) || got != got {
		return math.IsNaN(want) && got != got
	}
	lo, hi := want, want
	if !math.IsInf(want, 0) {
		lo, hi = want-e, want+e
	}
	return round(lo, dt) <= got && got <= round(hi, dt)
}

// round returns x rounded to float32 and then to dt, as kernels store it.
func round(x float64, dt tensor.DType) float32 {
	f := float32(x)
	switch dt {
	case tensor.F16:
		return tensor.ToFloat16(f).Float32()
	case tensor.BF16:
		return tensor.ToBFloat16(f).Float32()
	case tensor.F32:
	}
	return f
}

// tolerance returns e of one element of C.
func (m *Matmul) tolerance(alpha float32, magnitude, tiny float64) float64 {
	if m.Exact {
		return 0
	}
	terms := float64(m.Shape.K + 4)
	return unit*terms*magnitude + terms*math.Max(1, math.Abs(float64(alpha)))*tiny
}

// overflows reports that an intermediate sum may exceed float32, so that any
// result is right. Infinite operands are no overflow.
func (s *sum) overflows() bool { return max(s.finite, s.products) > math.MaxFloat32 }
