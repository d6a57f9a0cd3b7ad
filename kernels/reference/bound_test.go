package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestValueCheck(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		value Value
		got   float32
		dt    tensor.DType
		right bool
	}{
		{Value{1, 0}, 1, tensor.F32, true},
		{Value{1, 0}, math.Nextafter32(1, 2), tensor.F32, false},
		{Value{1, unit}, math.Nextafter32(1, 2), tensor.F32, true},
		{Value{1 + 0x1p-12, 0}, 1, tensor.F16, true}, // rounds to 1
		{Value{1 + 0x1p-9, 0}, 1, tensor.F16, false},
		{Value{1 + 0x1p-9, 0}, 1, tensor.BF16, true},
		{Value{70000, 0}, inf, tensor.F16, true}, // overflows
		{Value{70000, 0}, 65504, tensor.F16, false},
		{Value{math.NaN(), 0}, nan, tensor.F32, true},
		{Value{math.NaN(), 0}, 1, tensor.F32, false},
		{Value{1, 1}, nan, tensor.F32, false},
	} {
		err := c.value.Check(c.got, c.dt)
		require.Equal(t, c.right, err == nil, "%+v: %v", c, err)
	}
	require.EqualError(t, Value{1, 0.25}.Check(2, tensor.F32), "2; reference 1, allowed 0.75 to 1.25")
}
