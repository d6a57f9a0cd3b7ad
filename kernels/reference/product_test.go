package reference

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestProduct(t *testing.T) {
	p := Product{
		A:     tensor.Batch([]float32{1, 2, 3, 4}, 2, 1, 2),
		B:     tensor.Matrix([]float32{5, 6, 7, 8}, 2, 2), // for both matrices of A
		Alpha: 2, Beta: 3,
	}
	require.Equal(t, float64(2*(1*6+2*8)+3*10-1), p.At(0, 0, 1, 10, -1).Want)
	require.Equal(t, float64(2*(3*5+4*7)+3*10+1), p.At(1, 0, 0, 10, 1).Want)
	p.Beta = 0
	require.Equal(t, float64(2*(3*5+4*7)), p.At(1, 0, 0, 1e30, 0).Want, "with beta 0 C does not count")
	p.B = p.B.T()
	require.Equal(t, float64(2*(3*5+4*6)), p.At(1, 0, 0, 0, 0).Want)
}

// The bound allows for sums in float32, in any order, and not for a missing
// term.
func TestProductBound(t *testing.T) {
	numbers := NewNumbers(1)
	for _, k := range []int{1, 7, 300, 2000} {
		p := Product{A: numbers.View(tensor.F32, tensor.Dims{1, 1, k}), B: numbers.View(tensor.F32, tensor.Dims{1, k, 1}), Alpha: 1}
		p.A.SetValue(0, 0, k/2, 1)
		v := p.At(0, 0, 0, 0, 0)
		var up, down float32
		for i := range k {
			up += p.A.Value(0, 0, i) * p.B.Value(0, i, 0)
			down += p.A.Value(0, 0, k-1-i) * p.B.Value(0, k-1-i, 0)
		}
		require.NoError(t, v.Check(up, tensor.F32))
		require.NoError(t, v.Check(down, tensor.F32))
		p.B.SetValue(0, k/2, 0, p.B.Value(0, k/2, 0)+1)
		wrong := p.At(0, 0, 0, 0, 0)
		require.Error(t, v.Check(float32(wrong.Want), tensor.F32), k)
	}
}
