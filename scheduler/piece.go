package scheduler

import (
	"iter"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// piece is a part of a view, and at which element it begins in a compact copy of
// that, in which its own elements lie side by side.
type piece struct {
	at   int
	view tensor.View
}

// pieces are parts of a view of at most so many elements.
func pieces(v tensor.View, most int) iter.Seq[piece] {
	return func(yield func(piece) bool) { cut(v, max(most, 1), 0, yield) }
}

// cut yields the pieces of a view that begins at at.
func cut(v tensor.View, most, at int, yield func(piece) bool) bool {
	d := v.Dims()
	if v.Len() <= most {
		return yield(piece{at, v})
	}
	axis := 0
	for d[axis] == 1 {
		axis++
	}
	each := v.Len() / d[axis] // elements of one of the axis
	n := max(most/each, 1)
	for i := 0; i < d[axis]; i += n {
		if !cut(along(v, axis, i, min(i+n, d[axis])), most, at+i*each, yield) {
			return false
		}
	}
	return true
}

// along returns what is in [low, high) of an axis.
func along(v tensor.View, axis, low, high int) tensor.View {
	d := v.Dims()
	switch axis {
	case 0:
		return v.Sub(low, high)
	case 1:
		return v.Slice(low, high, 0, d[2])
	}
	return v.Slice(0, d[1], low, high)
}

// scratch is memory for one piece at a time.
type scratch struct{ words []uint64 }

// copy returns a compact copy, which stays until the next.
func (s *scratch) copy(v tensor.View) (tensor.View, error) {
	if n := v.Len()*v.DType().Size()/8 + 1; n > len(s.words) {
		s.words = make([]uint64, n) // aligned for every element type
	}
	c := tensor.Window(unsafe.Pointer(unsafe.SliceData(s.words)), len(s.words)*8, v.DType(), v.Dims(), tensor.Compact(v.Dims()), 0)
	return c, device.TryCopy(c, v)
}
