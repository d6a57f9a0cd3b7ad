package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// load widens n elements of src into dst[0], dst[step], dst[2*step], ...
func load(dst []float32, step int, src line, n int) {
	if n == 0 {
		return
	}
	dst = dst[:(n-1)*step+1]
	if step == 1 && src.stride == 1 {
		if src.dtype == tensor.F32 {
			copy(dst, unsafe.Slice((*float32)(src.ptr), n))
			return
		}
		whole := widenVector(dst, src)
		if whole == n {
			return
		}
		dst, src = dst[whole:], src.from(whole)
	}
	switch src.dtype {
	case tensor.F32:
		for i, o := 0, 0; o < len(dst); i, o = i+1, o+step {
			dst[o] = *(*float32)(unsafe.Add(src.ptr, 4*i*src.stride))
		}
	case tensor.F16:
		for i, o := 0, 0; o < len(dst); i, o = i+1, o+step {
			dst[o] = widenF16(*(*uint16)(unsafe.Add(src.ptr, 2*i*src.stride)))
		}
	case tensor.BF16:
		for i, o := 0, 0; o < len(dst); i, o = i+1, o+step {
			dst[o] = widenBF16(*(*uint16)(unsafe.Add(src.ptr, 2*i*src.stride)))
		}
	}
}
