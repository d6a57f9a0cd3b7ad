package decode

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Random makes up weights. An element depends on the seed and its place
// alone, so that references need no copy of the weights.
type Random struct {
	model Model
	dtype tensor.DType
	seed  uint64
}

// NewRandom returns made-up weights for a model.
func NewRandom(m Model, dt tensor.DType, seed uint64) (*Random, error) {
	if !dt.Valid() {
		return nil, fmt.Errorf("weights: %v is not an element type", dt)
	}
	return &Random{model: m, dtype: dt, seed: seed}, nil
}

// Model implements Source.
func (r *Random) Model() Model { return r.model }

// DType implements Source.
func (r *Random) DType() tensor.DType { return r.dtype }

// Layers implements Source.
func (r *Random) Layers() int { return r.model.Layers }

// Matrix implements Source. Elements are scaled so that a product with a
// vector of unit size has unit size.
func (r *Random) Matrix(k Kind, layer int) (Matrix, error) {
	rows, cols := r.model.weight(k)
	return r.matrix(rows, cols, 1/math.Sqrt(float64(cols)), uint64(layer)*16+uint64(k)), nil
}

// Bias implements Source.
func (r *Random) Bias(layer int) (Matrix, error) {
	rows, _ := r.model.weight(QKV)
	return r.matrix(1, rows, 0.1, uint64(layer)*16+15), nil
}

func (r *Random) matrix(rows, cols int, size float64, stream uint64) Matrix {
	seed := mix(r.seed + mix(stream))
	switch r.dtype {
	case tensor.F16:
		return newNoise[tensor.Float16](rows, cols, size, seed)
	case tensor.BF16:
		return newNoise[tensor.BFloat16](rows, cols, size, seed)
	case tensor.F32:
	}
	return newNoise[float32](rows, cols, size, seed)
}

const (
	levelBits = 12
	levels    = 1 << levelBits
)

// noise is a matrix of values drawn evenly from a table.
type noise[T tensor.Element] struct {
	rows, cols int
	seed       uint64
	table      []T
}

// newNoise spreads the table evenly, with the given root mean square.
func newNoise[T tensor.Element](rows, cols int, size float64, seed uint64) *noise[T] {
	n := &noise[T]{rows: rows, cols: cols, seed: seed, table: make([]T, levels)}
	for i := range n.table {
		even := (float64(i) + 0.5) / levels // 0 to 1
		n.table[i] = tensor.Convert[T](float32((2*even - 1) * math.Sqrt(3) * size))
	}
	return n
}

// Value implements Matrix.
func (n *noise[T]) Value(row, col int) float32 {
	i := row*n.cols + col
	word := mix(n.seed + uint64(i/4))
	at := word >> (i % 4 * 16) & (levels - 1)
	return tensor.Matrix(n.table[at:at+1], 1, 1).Value(0, 0, 0)
}

// View implements Matrix.
func (n *noise[T]) View(s *stage) tensor.View {
	v := s.matrix(tensor.TypeOf[T](), n.rows, n.cols)
	n.fill(unsafe.Slice((*T)(v.Pointer()), v.Len()))
	return v
}

// fill draws four values from every random word.
func (n *noise[T]) fill(out []T) {
	for i := 0; i < len(out); i += 4 {
		word := mix(n.seed + uint64(i/4))
		for j := range min(4, len(out)-i) {
			out[i+j] = n.table[word>>(j*16)&(levels-1)]
		}
	}
}

// mix is the output function of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
