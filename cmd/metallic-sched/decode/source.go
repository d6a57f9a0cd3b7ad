package decode

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Source has the weights of a model. It is used by one goroutine; the
// matrices it returns by any number.
type Source interface {
	Model() Model
	// DType is the element type of every weight, and of the activations.
	DType() tensor.DType
	// Layers is the number of layers that weights can be had for.
	Layers() int
	// Matrix returns the weight of a kind, one row per output. The layer does
	// not matter for LMHead.
	Matrix(k Kind, layer int) (Matrix, error)
	// Bias returns the bias of a layer's QKV, as one row.
	Bias(layer int) (Matrix, error)
}

// Matrix is the contents of one weight.
type Matrix interface {
	// Value returns an element, to compute references from.
	Value(row, col int) float32
	// View returns the matrix in host memory, in that of the stage if it does
	// not lie ready. It is good until the stage is used again.
	View(s *stage) tensor.View
}

// stage is memory that one matrix after another is laid out in.
type stage struct{ words []uint64 }

// matrix returns uninitialised memory for a matrix, as a view.
func (s *stage) matrix(dt tensor.DType, rows, cols int) tensor.View {
	size := rows * cols * dt.Size()
	if words := (size + 7) / 8; words > len(s.words) {
		s.words = make([]uint64, words)
	}
	return tensor.Bytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.words))), size), dt, 1, rows, cols)
}

// zeros returns memory of its own for a batch of matrices.
func zeros(dt tensor.DType, n, rows, cols int) tensor.View {
	var s stage
	v := s.matrix(dt, n*rows, cols)
	return v.Strided(tensor.Dims{n, rows, cols}, tensor.Compact(tensor.Dims{n, rows, cols}), 0)
}
