package reference

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	unit = 0x1p-23  // of a float32 sum, rounded either way
	tiny = 0x1p-126 // small results may be flushed to 0
)

// Value is what an element should be, give or take Bound, before it is rounded
// to its type.
type Value struct{ Want, Bound float64 }

// Check returns what is wrong with an element of type dt.
func (v Value) Check(got float32, dt tensor.DType) error {
	lo, hi := rounded(v.Want-v.Bound, dt), rounded(v.Want+v.Bound, dt)
	if math.IsNaN(v.Want) && math.IsNaN(float64(got)) || lo <= got && got <= hi {
		return nil
	}
	return fmt.Errorf("%v; reference %v, allowed %v to %v", got, v.Want, lo, hi)
}

// rounded returns x as a kernel stores it.
func rounded(x float64, dt tensor.DType) float32 {
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
