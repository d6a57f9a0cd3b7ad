package tensor_test

import (
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The dumb side of "clever against dumb": exact arithmetic and element sets.

// spanOf returns the number of elements and the last one's distance from the
// base, in exact arithmetic.
func spanOf(dims, strides tensor.Dims, offset int) (n, last *big.Int) {
	n, last = big.NewInt(1), big.NewInt(int64(offset))
	for i, d := range dims {
		n.Mul(n, big.NewInt(int64(d)))
		step := new(big.Int).Sub(big.NewInt(int64(d)), big.NewInt(1))
		last.Add(last, step.Mul(step, big.NewInt(int64(strides[i]))))
	}
	return n, last
}

// outside says how a view without an error breaks its promises, "" for not.
func outside(v tensor.View) string {
	limit := v.Bytes() / v.DType().Size()
	for i, d := range v.Dims() {
		if d < 0 || v.Strides()[i] < 0 {
			return fmt.Sprintf("dims %v strides %v", v.Dims(), v.Strides())
		}
	}
	if v.Offset() < 0 || v.Offset() > limit {
		return fmt.Sprintf("offset %d of %d", v.Offset(), limit)
	}
	n, last := spanOf(v.Dims(), v.Strides(), v.Offset())
	if !n.IsInt64() || n.Int64() != int64(v.Len()) {
		return fmt.Sprintf("Len is %d; want %v", v.Len(), n)
	}
	if n.Sign() > 0 && last.Cmp(big.NewInt(int64(limit))) >= 0 {
		return fmt.Sprintf("last element %v of %d", last, limit)
	}
	return ""
}

// extreme draws sizes that are small, huge, or wrong.
var extreme = rapid.OneOf(
	rapid.IntRange(0, 5),
	rapid.SampledFrom([]int{
		math.MaxInt, math.MaxInt - 1, math.MaxInt / 2, math.MaxInt/2 + 1, 1 << 62, 1<<62 + 1, 1 << 32, 1<<32 + 1, 1<<32 - 1, 1 << 31, 1<<31 + 1,
		3037000499, 3037000500, -1, math.MinInt,
	}),
	rapid.Int(),
)

// small draws a valid view into memory: any strides, dimensions up to 5, any
// type, any offset. It may be empty and may name an element twice.
func small(memory []byte) *rapid.Generator[tensor.View] {
	return rapid.Custom(func(t *rapid.T) tensor.View {
		dt := rapid.SampledFrom(tensor.DTypes).Draw(t, "dtype")
		var d, s tensor.Dims
		for i := range d {
			d[i] = rapid.IntRange(0, 5).Draw(t, "dim")
			s[i] = rapid.OneOf(rapid.IntRange(0, 6), rapid.IntRange(0, 40)).Draw(t, "stride")
		}
		if rapid.Bool().Draw(t, "compact") {
			s = tensor.Compact(d)
		}
		offset := rapid.IntRange(0, 40).Draw(t, "offset")
		return tensor.Window(unsafe.Pointer(unsafe.SliceData(memory)), len(memory), dt, d, s, offset)
	}).Filter(func(v tensor.View) bool { return v.Err() == nil })
}

// elements calls f with the distance of every element from the base, in bytes.
func elements(v tensor.View, f func(at int)) {
	d, s := v.Dims(), v.Strides()
	for b := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				f((v.Offset() + b*s[0] + i*s[1] + j*s[2]) * v.DType().Size())
			}
		}
	}
}

// bytesOf returns every address that v covers.
func bytesOf(v tensor.View) map[uintptr]bool {
	set := map[uintptr]bool{}
	elements(v, func(at int) {
		for i := range v.DType().Size() {
			set[uintptr(v.Base())+uintptr(at+i)] = true
		}
	})
	return set
}

// meet reports whether two sets share an address.
func meet(a, b map[uintptr]bool) bool {
	for x := range a {
		if b[x] {
			return true
		}
	}
	return false
}
