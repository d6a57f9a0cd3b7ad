//go:build amd64 && !noasm

package cpu

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestVectorExp looks at the exponentials that a softmax leaves in its memory.
// They are right to 4 units in the last place of a float32 for everything that
// is not above the maximum, 0; with binary16 as long as anything is left of
// them.
func TestVectorExp(t *testing.T) {
	if Best() < AVX512 {
		t.Skip("NOT TESTED: kernels for AVX-512: run it on an amd64 processor that has AVX-512, without -tags noasm")
	}
	f16, bf16 := tensor.Float16.Float32, tensor.BFloat16.Float32
	testVectorExp(t, softmaxF16AVX512, 0xfc00, -32, func(h uint16) float32 { return f16(tensor.Float16(h)) })
	testVectorExp(t, softmaxBF16AVX512, 0xff80, math.Inf(-1), func(h uint16) float32 { return bf16(tensor.BFloat16(h)) })
}

// testVectorExp tests the exponentials of all halves from -0 down to least and
// of minusInf.
func testVectorExp(t *testing.T, softmax func(x, y *byte, tmp *float32, xs, ys, rows, n, ahead int), minusInf int, least float64, value func(uint16) float32) {
	x := []uint16{0}
	for h := 0x8000; h <= minusInf; h++ {
		x = append(x, uint16(h))
	}
	y, exps := make([]uint16, len(x)), make([]float32, len(x))
	softmax((*byte)(unsafe.Pointer(&x[0])), (*byte)(unsafe.Pointer(&y[0])), &exps[0], 0, 0, 1, len(x), 0)
	worst := 0.0
	for i, got := range exps {
		d := float64(value(x[i]))
		if d < least {
			break
		}
		want := math.Exp(d)
		ulp := math.Max(math.Ldexp(1, math.Ilogb(want)-23), 0x1p-149)
		worst = math.Max(worst, math.Abs(float64(got)-want)/ulp)
		require.LessOrEqual(t, worst, 4.0, "exp(%v) is %v; want %v", d, got, want)
	}
	require.Zero(t, exps[len(exps)-1], "exp(-Inf)")
	t.Logf("at most %.2f units off", worst)
}
