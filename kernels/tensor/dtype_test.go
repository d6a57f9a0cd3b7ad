package tensor_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestDType(t *testing.T) {
	for _, c := range []struct {
		d    tensor.DType
		size int
		name string
	}{
		{tensor.F32, 4, "f32"},
		{tensor.F16, 2, "f16"},
		{tensor.BF16, 2, "bf16"},
		{0, 0, "dtype(0)"},
		{tensor.BF16 + 1, 0, "dtype(4)"},
	} {
		require.Equal(t, c.size, c.d.Size(), c.name)
		require.Equal(t, c.size > 0, c.d.Valid(), c.name)
		require.Equal(t, c.name, c.d.String())
	}
	require.Equal(t, tensor.F32, tensor.TypeOf[float32]())
	require.Equal(t, tensor.F16, tensor.TypeOf[tensor.Float16]())
	require.Equal(t, tensor.BF16, tensor.TypeOf[tensor.BFloat16]())
}

func TestParseDType(t *testing.T) {
	for _, d := range tensor.DTypes {
		for _, s := range []string{d.String(), strings.ToUpper(d.String())} {
			got, err := tensor.ParseDType(s)
			require.NoError(t, err)
			require.Equal(t, d, got)
		}
	}
	for _, s := range []string{"", "f64", "dtype(0)", " f32"} {
		_, err := tensor.ParseDType(s)
		require.ErrorContains(t, err, "allowed are f32, f16, bf16", s)
	}
}
