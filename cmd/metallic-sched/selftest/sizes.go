package selftest

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// size is an M x K matrix, and how it is multiplied with.
type size struct {
	m, k    int
	a, b    kerneltest.Layout // B's is C's as well
	loaded  bool              // A is loaded as a weight is
	factors bool              // alpha, beta and bias, of some columns
}

// sizes returns weights of Qwen2.5-0.5B as a decode multiplies with them, and
// ragged matrices.
func sizes(quick bool) []size {
	const row, column = kerneltest.RowMajor, kerneltest.ColumnMajor
	some := []size{
		{m: 896, k: 896, a: row, b: column, loaded: true},
		{m: 517, k: 259, a: kerneltest.RowPadded, b: kerneltest.Spread, factors: true},
		{m: 67, k: 1537, a: kerneltest.ColumnPadded, b: kerneltest.RowPadded, factors: true},
	}
	if quick {
		return some
	}
	return append(some,
		size{m: 1152, k: 896, a: column, b: column, loaded: true, factors: true},
		size{m: 896, k: 4864, a: row, b: column, loaded: true},
		size{m: 4864, k: 896, a: row, b: column, loaded: true},
	)
}

// columns returns the numbers of columns that a row of the catalog is asked
// for: of a small bucket as many as it holds, of the widest also passes.
func columns(row *kernels.Row, quick bool) []int {
	switch row.Bucket {
	case kernels.N1, kernels.N2, kernels.N4, kernels.N8:
		return []int{int(row.Bucket)}
	case kernels.N16:
		return []int{16, 19}
	case kernels.BucketNone:
	}
	if quick {
		return []int{17}
	}
	return []int{1, 17, 64}
}

// widest returns the most columns that any row is asked for.
func widest(quick bool) int {
	most := 0
	for i := range kernels.Default {
		for _, n := range columns(&kernels.Default[i], quick) {
			most = max(most, n)
		}
	}
	return most
}

// types are those of A, B and C.
type types [3]tensor.DType

func (t types) String() string {
	if t[0] == t[1] && t[1] == t[2] {
		return t[0].String()
	}
	return t[0].String() + "," + t[1].String() + "," + t[2].String()
}

// combinations lists the types that the scheduler knows.
var combinations = []types{
	{tensor.F32, tensor.F32, tensor.F32},
	{tensor.F16, tensor.F16, tensor.F16},
	{tensor.F16, tensor.F16, tensor.F32},
	{tensor.F16, tensor.F32, tensor.F32},
	{tensor.BF16, tensor.BF16, tensor.BF16},
	{tensor.BF16, tensor.BF16, tensor.F32},
	{tensor.BF16, tensor.F32, tensor.F32},
}

// claims reports whether a row of the catalog takes a problem on a device, and
// if not, why.
func claims(row *kernels.Row, t types, n int, caps kernels.Caps) (ok bool, why string) {
	return row.Supports(kernels.Problem{
		Op: row.Family.Op(), Shape: kernels.Shape{Batch: 1, M: 1, N: n, K: 1}, A: t[0], B: t[1], C: t[2],
	}, caps)
}

// softmaxSize is a softmax of some rows.
type softmaxSize struct {
	rows, cols int
	mask       string // "", causal, causal+offset
}

func softmaxSizes(quick bool) (all []softmaxSize) {
	widths := []int{32, 65, 512, 1024, 1025, 4096, 8192, 32768}
	if quick {
		widths = []int{32, 1000, 4097}
	}
	for _, w := range widths {
		all = append(all,
			softmaxSize{rows: 5, cols: w},
			softmaxSize{rows: 33, cols: w, mask: "causal"},
			softmaxSize{rows: 7, cols: w, mask: "causal+offset"})
	}
	return all
}

// runs returns the stretches of rows: all alike.
func (s softmaxSize) runs() []kerneltest.RowRun {
	r := kerneltest.RowRun{Rows: s.rows, Cols: s.cols, Limit: s.cols}
	switch s.mask {
	case "causal":
		r.Limit, r.Step = 1, 1
	case "causal+offset":
		r.Limit, r.Step = max(1, s.cols-s.rows+1), 1
	}
	return []kerneltest.RowRun{r}
}
