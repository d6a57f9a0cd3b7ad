package reference

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestNumbers(t *testing.T) {
	for _, dt := range tensor.DTypes {
		d := tensor.Dims{2, 300, 256} // more than a block
		v, again := NewNumbers(7).View(dt, d), NewNumbers(7)
		other := NewNumbers(8).View(dt, d)
		require.Equal(t, []any{dt, d}, []any{v.DType(), v.Dims()})
		same, next := again.View(dt, d), again.View(dt, d)
		equal := func(a, b tensor.View) (n int) {
			for i := range 300 {
				if a.Value(1, i, 3) == b.Value(1, i, 3) {
					n++
				}
			}
			return n
		}
		require.Equal(t, 300, equal(v, same), "a seed's numbers are the same every time")
		require.Less(t, equal(v, next), 30, "operands differ")
		require.Less(t, equal(v, other), 30, "seeds differ")
		sum := 0.0
		for i := range 300 {
			x := v.Value(0, i, i%256)
			require.True(t, -1 <= x && x <= 1)
			sum += float64(x)
		}
		require.InDelta(t, 0, sum/300, 0.15)
		zero := Zeros(dt, d)
		require.Equal(t, []any{dt, d, float32(0)}, []any{zero.DType(), zero.Dims(), zero.Value(1, 299, 255)})
	}
}
