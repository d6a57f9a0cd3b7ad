package loadtest

import (
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// numbers makes operands: the same block of random numbers, over and over.
type numbers struct {
	f32  []float32
	f16  []tensor.Float16
	bf16 []tensor.BFloat16
	next int
}

const block = 65521 // a prime, so that rows differ

func newNumbers(dice *rand.Rand) *numbers {
	n := &numbers{f32: make([]float32, block)}
	for i := range n.f32 {
		n.f32[i] = float32(dice.Float64()*2 - 1)
	}
	n.f16, n.bf16 = tensor.ConvertSlice[tensor.Float16](n.f32), tensor.ConvertSlice[tensor.BFloat16](n.f32)
	return n
}

// view returns new memory full of numbers.
func (n *numbers) view(dt tensor.DType, batch, rows, cols int) tensor.View {
	n.next = (n.next + 7919) % block
	switch dt {
	case tensor.F16:
		return tensor.Batch(repeat(n.f16, n.next, batch*rows*cols), batch, rows, cols)
	case tensor.BF16:
		return tensor.Batch(repeat(n.bf16, n.next, batch*rows*cols), batch, rows, cols)
	case tensor.F32:
	}
	return tensor.Batch(repeat(n.f32, n.next, batch*rows*cols), batch, rows, cols)
}

func repeat[T any](from []T, start, count int) []T {
	out := make([]T, count)
	for done := copy(out, from[start:]); done < count; {
		done += copy(out[done:], from)
	}
	return out
}

func newView(dt tensor.DType, batch, rows, cols int) tensor.View {
	n := batch * rows * cols
	switch dt {
	case tensor.F16:
		return tensor.Batch(make([]tensor.Float16, n), batch, rows, cols)
	case tensor.BF16:
		return tensor.Batch(make([]tensor.BFloat16, n), batch, rows, cols)
	case tensor.F32:
	}
	return tensor.Batch(make([]float32, n), batch, rows, cols)
}
