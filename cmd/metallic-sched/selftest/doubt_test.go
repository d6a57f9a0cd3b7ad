package selftest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// A reference that is wrong is not trusted.
func TestVouch(t *testing.T) {
	ref, err := openRig(openCPU)
	require.NoError(t, err)
	defer func() { require.NoError(t, ref.close()) }()
	p, err := newProduct(ref, size{m: 3, k: 40, a: kerneltest.ColumnPadded, b: kerneltest.RowMajor}, 2, tensor.F16, tensor.F32)
	require.NoError(t, err)
	for i := range p.want {
		p.want[i] += 0.001
	}
	require.ErrorContains(t, p.vouch(rand.New(rand.NewPCG(1, 2))), "the cpu device, which results are compared with, is wrong itself")
	x, err := newSoftmax(ref, softmaxSize{rows: 2, cols: 9, mask: "causal"}, tensor.BF16)
	require.NoError(t, err)
	x.want[9] *= 1.001
	require.ErrorContains(t, x.vouch(), "wrong itself")
}
