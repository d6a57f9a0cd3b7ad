//go:build amd64 && !noasm

package cpu

import "github.com/metallic-sched/metallic-sched/kernels/tensor"

// These call the generated functions of the level, each by its name: memory of
// the caller's stack may be passed.

// widenVector widens contiguous halves as far as whole vectors go, and returns
// how many.
func widenVector(dst []float32, src line) (n int) {
	n = wholeVectors(len(dst))
	if n == 0 {
		return 0
	}
	d, s := &dst[0], (*byte)(src.ptr)
	switch {
	case level == AVX512 && src.dtype == tensor.F16:
		widenF16AVX512(d, s, n)
	case level == AVX512:
		widenBF16AVX512(d, s, n)
	case src.dtype == tensor.F16:
		widenF16AVX2(d, s, n)
	default:
		widenBF16AVX2(d, s, n)
	}
	return n
}

// storeVector stores to contiguous memory like storeScaled, likewise.
func storeVector(dst line, src []float32, factor float32) (n int) {
	n = wholeVectors(len(src))
	if n == 0 {
		return 0
	}
	d, s, wide := (*byte)(dst.ptr), &src[0], level == AVX512
	switch {
	case wide && dst.dtype == tensor.F32:
		storeF32AVX512(d, s, n, factor)
	case wide && dst.dtype == tensor.F16:
		storeF16AVX512(d, s, n, factor)
	case wide:
		storeBF16AVX512(d, s, n, factor)
	case dst.dtype == tensor.F32:
		storeF32AVX2(d, s, n, factor)
	case dst.dtype == tensor.F16:
		storeF16AVX2(d, s, n, factor)
	default:
		storeBF16AVX2(d, s, n, factor)
	}
	return n
}

// dotVector adds a[k]*x[k] to lane k modulo 64, likewise for 64 at a time.
func dotVector(a line, x []float32, lanes *[64]float32) (n int) {
	n = len(x) &^ 63
	if level == Portable || n == 0 {
		return 0
	}
	p, x0, wide := (*byte)(a.ptr), &x[0], level == AVX512
	switch {
	case wide && a.dtype == tensor.F32:
		dotF32AVX512(p, x0, n, lanes)
	case wide && a.dtype == tensor.F16:
		dotF16AVX512(p, x0, n, lanes)
	case wide:
		dotBF16AVX512(p, x0, n, lanes)
	case a.dtype == tensor.F32:
		dotF32AVX2(p, x0, n, lanes)
	case a.dtype == tensor.F16:
		dotF16AVX2(p, x0, n, lanes)
	default:
		dotBF16AVX2(p, x0, n, lanes)
	}
	return n
}

// wholeVectors returns how many of n elements fill vectors.
func wholeVectors(n int) int {
	switch level {
	case AVX512:
		return n &^ 15
	case AVX2:
		return n &^ 7
	case Portable:
	}
	return 0
}
