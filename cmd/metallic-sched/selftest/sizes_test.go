package selftest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Every row and every combination of types has its cases, and no small bucket
// is asked for more than it holds.
func TestCasesCoverTheCatalog(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, Vendor: true}
	for _, quick := range []bool{false, true} {
		for i := range kernels.Default {
			row, claimed := &kernels.Default[i], 0
			for _, types := range combinations {
				if ok, _ := claims(row, types, 1, caps); ok {
					claimed++
				}
			}
			want := len(row.Types)
			if row.Mixed {
				want += 2 * (len(row.Types) - 1)
			}
			require.Equal(t, want, claimed, row.Name)
			for _, n := range columns(row, quick) {
				require.LessOrEqual(t, n, widest(quick))
				if row.Bucket != kernels.BucketNone && row.Bucket != kernels.N16 {
					require.LessOrEqual(t, n, int(row.Bucket))
				}
			}
		}
	}
	require.Equal(t, "f16", types{tensor.F16, tensor.F16, tensor.F16}.String())
	require.Equal(t, "f16,f32,f32", types{tensor.F16, tensor.F32, tensor.F32}.String())
}

func TestSoftmaxRuns(t *testing.T) {
	require.Equal(t, []kerneltest.RowRun{{Rows: 5, Cols: 9, Limit: 9}}, softmaxSize{rows: 5, cols: 9}.runs())
	x := softmax{softmaxSize: softmaxSize{rows: 33, cols: 32, mask: "causal"}}
	require.Equal(t, 1, x.attended(0))
	require.Equal(t, 32, x.attended(32))
	x.softmaxSize = softmaxSize{rows: 7, cols: 32, mask: "causal+offset"}
	require.Equal(t, 26, x.attended(0))
	require.Equal(t, 32, x.attended(6))
}
