//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestStretchesInAnyCompany compares the bits of columns with a long K alone, a few
// together and all together, where clusters share the sums and where they do
// not; and likewise those of many rows, for which there are tiles of many sizes.
func TestStretchesInAnyCompany(t *testing.T) {
	d := needGPU(t)
	defer func() { require.NoError(t, d.Close()) }()
	other, err := Open(Config{portable: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	r := rand.New(rand.NewPCG(3, 4))
	for _, types := range [][3]tensor.DType{singleTypes, mixedTypes} {
		for _, s := range [][2]int{{70, 4096}, {70, 4097}, {70, 4864}, {70, 9001}, {4200, 192}, {9700, 192}, {12600, 192}} {
			c := tileCase{kernel: "matmul_smalln_n16", a: types[0], b: types[1], c: types[2], m: s[0], n: 72, k: s[1]}
			a, b := randomNumbers(r, c.m*c.k), randomNumbers(r, c.k*c.n)
			want := columnsOf(t, d, c, a, b)
			for _, n := range []int{1, 2, 4, 8, 16, 32, 64} {
				few := c
				few.n = n
				for i, device := range []device.Device{d, other} {
					got := columnsOf(t, device, few, a, leftColumns(b, c.n, n))
					require.Equal(t, leftColumns(want, c.n, n), got, fmt.Sprintf("%+v, device %d", few, i))
				}
			}
		}
	}
}

// columnsOf multiplies operands that lie along K.
func columnsOf(t *testing.T, d device.Device, c tileCase, a, b []float32) []float32 {
	q, err := d.NewQueue()
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	return multiply(t, d, q, c, [3]bool{false, true, true}, 0, a, b)
}

func randomNumbers(r *rand.Rand, n int) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = 2*r.Float32() - 1
	}
	return all
}

// leftColumns returns the first columns of a matrix, whose rows follow each other.
func leftColumns(matrix []float32, width, n int) (left []float32) {
	for i := 0; i < len(matrix); i += width {
		left = append(left, matrix[i:i+n]...)
	}
	return left
}
