package reference

import (
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Numbers fills operands with numbers from -1 to 1: the same block of random
// ones over and over, from another start for each operand. It is for one
// goroutine.
type Numbers struct {
	f32  []float32
	f16  []tensor.Float16  // converted when first needed
	bf16 []tensor.BFloat16 // likewise
	next int
}

const (
	block = 65521 // a prime, so that rows differ
	step  = 7919
)

// NewNumbers returns the numbers of a seed.
func NewNumbers(seed uint64) *Numbers {
	dice := rand.New(rand.NewPCG(seed, block))
	n := &Numbers{f32: make([]float32, block)}
	for i := range n.f32 {
		n.f32[i] = float32(dice.Float64()*2 - 1)
	}
	return n
}

// View returns new memory full of numbers.
func (n *Numbers) View(dt tensor.DType, d tensor.Dims) tensor.View {
	n.next = (n.next + step) % block
	size := d[0] * d[1] * d[2]
	switch dt {
	case tensor.F16:
		if n.f16 == nil {
			n.f16 = tensor.ConvertSlice[tensor.Float16](n.f32)
		}
		return tensor.Batch(repeat(n.f16, n.next, size), d[0], d[1], d[2])
	case tensor.BF16:
		if n.bf16 == nil {
			n.bf16 = tensor.ConvertSlice[tensor.BFloat16](n.f32)
		}
		return tensor.Batch(repeat(n.bf16, n.next, size), d[0], d[1], d[2])
	case tensor.F32:
	}
	return tensor.Batch(repeat(n.f32, n.next, size), d[0], d[1], d[2])
}

func repeat[T any](from []T, start, count int) []T {
	out := make([]T, count)
	for done := copy(out, from[start:]); done < count; {
		done += copy(out[done:], from)
	}
	return out
}

// Zeros returns new memory full of zeros.
func Zeros(dt tensor.DType, d tensor.Dims) tensor.View {
	n := d[0] * d[1] * d[2]
	switch dt {
	case tensor.F16:
		return tensor.Batch(make([]tensor.Float16, n), d[0], d[1], d[2])
	case tensor.BF16:
		return tensor.Batch(make([]tensor.BFloat16, n), d[0], d[1], d[2])
	case tensor.F32:
	}
	return tensor.Batch(make([]float32, n), d[0], d[1], d[2])
}
