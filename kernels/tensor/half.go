package tensor

import (
	"math"

	"github.com/x448/float16"
)

// Float32 returns the value of f, exactly.
func (f Float16) Float32() float32 { return float16.Frombits(uint16(f)).Float32() }

// Float32 returns the value of b, exactly.
func (b BFloat16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// ToFloat16 rounds x to nearest, ties to even.
func ToFloat16(x float32) Float16 { return Float16(float16.Fromfloat32(x)) }

// ToBFloat16 rounds x to nearest, ties to even; a NaN stays a NaN.
func ToBFloat16(x float32) BFloat16 {
	bits := math.Float32bits(x)
	if x != x {
		return BFloat16(bits>>16 | 0x40)
	}
	return BFloat16((bits + 0x7fff + bits>>16&1) >> 16)
}

// Convert rounds x to T.
func Convert[T Element](x float32) T {
	var out T
	switch p := any(&out).(type) {
	case *float32:
		*p = x
	case *Float16:
		*p = ToFloat16(x)
	case *BFloat16:
		*p = ToBFloat16(x)
	}
	return out
}

// ConvertSlice rounds every element of xs to T, into new memory.
func ConvertSlice[T Element](xs []float32) []T {
	out := make([]T, len(xs))
	for i, x := range xs {
		out[i] = Convert[T](x)
	}
	return out
}
