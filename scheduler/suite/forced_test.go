package suite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecided(t *testing.T) {
	m, n, x := Matmul{M: 1}, Matmul{M: 2}, Softmax{Rows: 1}
	cases := []Case{{"s", m, MLX}, {"s", m, MPS}, {"s", n, Auto}, {"s", n, MLX}, {"s", x, Auto}, {"s", x, Vec}}
	require.Equal(t, cases, Decided(cases, nil))
	require.Equal(t, cases, Decided(cases, []string{"METALLIC_DEVICE", "METALLIC_EXP_KERNELS"}))
	for _, name := range decisive(m.Ops()[0]) {
		require.Equal(t, []Case{{"s", m, Auto}, {"s", n, Auto}, {"s", x, Auto}, {"s", x, Vec}}, Decided(cases, []string{name}), name)
	}
	require.Equal(t, append(cases[:4:4], Case{"s", x, Auto}), Decided(cases, []string{"METALLIC_SOFTMAX_BACKEND"}))
	require.Equal(t, []string{"METALLIC_MATMUL_SIMD_M_MIN"},
		Deciding(cases[:4], []string{"METALLIC_DEVICE", "METALLIC_MATMUL_SIMD_M_MIN", "METALLIC_SOFTMAX_BACKEND"}))
}
