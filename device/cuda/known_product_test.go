//go:build linux && (amd64 || arm64)

package cuda

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// knownProduct is a product of whole numbers from -1 to 1.
type knownProduct struct {
	shape   kernels.Shape
	a, b, c []int8
	product []int16
}

func (b *entryBench) knownProduct(s kernels.Shape) *knownProduct {
	if p, ok := b.known[s]; ok {
		return p
	}
	numbers := func(n int) []int8 {
		all := make([]int8, n)
		for i := range all {
			all[i] = int8(b.random.IntN(3) - 1)
		}
		return all
	}
	p := &knownProduct{s, numbers(s.Batch * s.M * s.K), numbers(s.Batch * s.K * s.N), numbers(s.Batch * s.M * s.N), make([]int16, s.Batch*s.M*s.N)}
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for row := w; row < s.Batch*s.M; row += workers {
				p.row(row)
			}
		})
	}
	all.Wait()
	b.known[s] = p
	return p
}

// row computes a row of the product.
func (p *knownProduct) row(row int) {
	s := p.shape
	to, b := p.product[row*s.N:][:s.N], p.b[row/s.M*s.K*s.N:]
	for k, x := range p.a[row*s.K:][:s.K] {
		for j, y := range b[k*s.N:][:s.N] {
			to[j] += int16(x) * int16(y)
		}
	}
}

// check looks at every element of C.
func (p *knownProduct) check(t *testing.T, key kernels.Key, x entryProduct, m *kerneltest.Matmul) {
	first := 0
	for _, r := range m.Runs {
		for e := range p.shape.Batch * p.shape.M * r.Columns {
			row, j := e/r.Columns, e%r.Columns
			batch, i := row/p.shape.M, row%p.shape.M
			at := row*p.shape.N + first + j
			want := r.Alpha*float32(p.product[at]) + r.Beta*float32(p.c[at])
			if r.Bias >= 0 {
				want += m.Biases[r.Bias].View.Value(0, i, j)
			}
			if got := m.C.View.Value(batch, i, first+j); got != rounded(want, key.C) {
				require.Failf(t, "a wrong element", "%v %+v: (%d, %d, %d) is %v, not %v", key, x, batch, i, first+j, got, want)
			}
		}
		first += r.Columns
	}
}

func rounded(x float32, dt tensor.DType) float32 {
	switch dt {
	case tensor.F16:
		return tensor.ToFloat16(x).Float32()
	case tensor.BF16:
		return tensor.ToBFloat16(x).Float32()
	case tensor.F32:
	}
	return x
}
