package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// half is one of the two 16-bit types, with its bits as a number.
type half struct {
	name  string
	value func(uint16) float32
	round func(float32) uint16
	inf   uint16 // the bits of +Inf; larger ones, without the sign, are NaN
}

var halves = []half{
	{
		"f16", func(b uint16) float32 { return tensor.Float16(b).Float32() },
		func(x float32) uint16 { return uint16(tensor.ToFloat16(x)) }, 0x7c00,
	},
	{
		"bf16", func(b uint16) float32 { return tensor.BFloat16(b).Float32() },
		func(x float32) uint16 { return uint16(tensor.ToBFloat16(x)) }, 0x7f80,
	},
}

func TestHalfRoundTrip(t *testing.T) {
	for _, h := range halves {
		for i := range 1 << 16 {
			bits := uint16(i)
			x := h.value(bits)
			if bits&0x7fff > h.inf {
				back := h.round(x)
				if x == x || back&0x7fff <= h.inf || back&0x8000 != bits&0x8000 {
					t.Fatalf("%s: NaN %#x became %v and %#x", h.name, bits, x, back)
				}
			} else if back := h.round(x); back != bits {
				t.Fatalf("%s: %#x is %v, which became %#x", h.name, bits, x, back)
			}
		}
	}
}

// TestHalfRounding looks at the middle between every two neighbours, where
// the even one wins, and at the floats on both sides of it.
func TestHalfRounding(t *testing.T) {
	for _, h := range halves {
		for lower := uint16(0); lower < h.inf; lower++ {
			upper := lower + 1
			middle := h.middle(lower)
			for _, c := range []struct {
				x    float32
				want uint16
			}{
				{math.Nextafter32(middle, 0), lower},
				{middle, lower + lower&1},
				{math.Nextafter32(middle, float32(math.Inf(1))), upper},
			} {
				if got, neg := h.round(c.x), h.round(-c.x); got != c.want || neg != c.want|0x8000 {
					t.Fatalf("%s: %v became %#x and its negative %#x; want %#x", h.name, c.x, got, neg, c.want)
				}
			}
		}
	}
}

// middle returns the number halfway from bits to the next; the largest finite
// value counts the power of two after it as its neighbour.
func (h half) middle(bits uint16) float32 {
	lower := float64(h.value(bits))
	if bits+1 < h.inf {
		return float32((lower + float64(h.value(bits+1))) / 2)
	}
	return float32(lower + (lower-float64(h.value(bits-1)))/2)
}

func TestHalfExtremes(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, h := range halves {
		require.Equal(t, h.inf, h.round(inf), h.name)
		require.Equal(t, h.inf|0x8000, h.round(-inf), h.name)
		require.Equal(t, h.inf, h.round(math.MaxFloat32), h.name)
		require.Equal(t, uint16(0x8000), h.round(float32(math.Copysign(0, -1))), h.name)
		require.Equal(t, uint16(0), h.round(math.SmallestNonzeroFloat32), h.name)
		// NaNs whose payload lies only in the bits that are cut off.
		for _, bits := range []uint32{0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff} {
			require.Greater(t, h.round(math.Float32frombits(bits))&0x7fff, h.inf, "%s: %#x", h.name, bits)
		}
	}
}

func TestConvert(t *testing.T) {
	xs := []float32{0, 1, -2.5, 1.0 / 3, 1e6}
	require.Equal(t, xs, tensor.ConvertSlice[float32](xs))
	f16, bf16 := tensor.ConvertSlice[tensor.Float16](xs), tensor.ConvertSlice[tensor.BFloat16](xs)
	for i, x := range xs {
		require.Equal(t, tensor.ToFloat16(x), f16[i])
		require.Equal(t, tensor.ToBFloat16(x), bf16[i])
		require.Equal(t, x, tensor.Convert[float32](x))
	}
	require.Empty(t, tensor.ConvertSlice[tensor.Float16](nil))
}
