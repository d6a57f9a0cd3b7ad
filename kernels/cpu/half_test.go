package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestWiden(t *testing.T) {
	for h := range 1 << 16 {
		requireSame(t, tensor.Float16(h).Float32(), widenF16(uint16(h)), h)
		requireSame(t, tensor.BFloat16(h).Float32(), widenBF16(uint16(h)), h)
	}
}

func requireSame(t *testing.T, want, got float32, h int) {
	t.Helper()
	if want != want && got != got {
		return
	}
	if math.Float32bits(want) != math.Float32bits(got) {
		require.Failf(t, "widened wrongly", "%#04x is %v; want %v", h, got, want)
	}
}
