package cpu

import (
	"math"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var quietNaN = math.Float32frombits(0x7fc00000)

// store rounds src to the type of dst, to nearest even.
func store(dst line, src []float32) { storeScaled(dst, src, 1) }

// storeScaled rounds factor*src to the type of dst, to nearest even.
func storeScaled(dst line, src []float32, factor float32) {
	if dst.stride == 1 {
		n := storeVector(dst, src, factor)
		if n == len(src) {
			return
		}
		dst, src = dst.from(n), src[n:]
	}
	switch dst.dtype {
	case tensor.F32:
		for i, x := range src {
			*(*float32)(unsafe.Add(dst.ptr, 4*i*dst.stride)) = oneNaN(x * factor)
		}
	case tensor.F16:
		for i, x := range src {
			*(*tensor.Float16)(unsafe.Add(dst.ptr, 2*i*dst.stride)) = tensor.ToFloat16(oneNaN(x * factor))
		}
	case tensor.BF16:
		for i, x := range src {
			*(*tensor.BFloat16)(unsafe.Add(dst.ptr, 2*i*dst.stride)) = tensor.ToBFloat16(oneNaN(x * factor))
		}
	}
}

func oneNaN(x float32) float32 {
	if x != x {
		return quietNaN
	}
	return x
}

// storeZeros stores n zeros.
func storeZeros(dst line, n int) {
	if dst.dtype == tensor.F32 {
		for i := range n {
			*(*float32)(unsafe.Add(dst.ptr, 4*i*dst.stride)) = 0
		}
		return
	}
	for i := range n { // 0 is all zero bits in both half types
		*(*uint16)(unsafe.Add(dst.ptr, 2*i*dst.stride)) = 0
	}
}
