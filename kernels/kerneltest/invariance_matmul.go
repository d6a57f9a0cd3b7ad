package kerneltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// wild returns mostly ordinary numbers; a neighbour's NaN must not spread.
func (g maker) wild() float32 {
	switch g.IntN(200) {
	case 0:
		return float32(math.NaN())
	case 1:
		return float32(math.Inf(1))
	}
	return g.Float32() - 0.5
}

// columnAmongColumns computes one column alone and among others.
func columnAmongColumns(t *testing.T, impl *Implementation, rows []*kernels.Row, types [3]tensor.DType, g maker) {
	const m = 10
	k := 520 + g.IntN(40)
	a := NewOperand(types[0], tensor.Dims{1, m, k}, g.layout(), false)
	a.Fill(func(int, int, int) float32 { return float32(g.NormFloat64()) })
	mine := column{
		x: g.normals(k), c: g.normals(m),
		factors: Run{Columns: 1, Alpha: float32(g.NormFloat64()), Beta: float32(g.NormFloat64()), Bias: 0},
		bias:    g.bias(types[2], m, 1, false),
	}
	var alone []uint32
	for _, n := range g.companies() {
		for _, row := range rows {
			if n > widest(row) {
				continue
			}
			at := g.IntN(n)
			p := g.among(a, mine, n, at, types)
			impl.Matmul(t, p.Key(row, impl.Caps), p)
			got := columnBits(p.C, at)
			if alone == nil {
				alone = got
			}
			require.Equal(t, alone, got, "%s: column %d of %d", row.Name, at, n)
		}
	}
}

// widest is the most columns that a row is given.
func widest(row *kernels.Row) int {
	if row.Bucket == kernels.BucketNone || row.Bucket == kernels.N16 {
		return most
	}
	return int(row.Bucket)
}

// column is one column of a product with its factors.
type column struct {
	x, c    []float32
	factors Run
	bias    *Operand
}

func (g maker) normals(n int) []float32 {
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = float32(g.NormFloat64())
	}
	return xs
}

// among makes a product of n columns with mine at a place among them.
func (g maker) among(a *Operand, mine column, n, at int, types [3]tensor.DType) *Matmul {
	m, k := a.View.Rows(), a.View.Cols()
	p := &Matmul{
		Name: "in company", Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k},
		A: a, B: NewOperand(types[1], tensor.Dims{1, k, n}, g.layout(), false),
		C:      NewOperand(types[2], tensor.Dims{1, m, n}, g.layout(), false),
		Biases: []*Operand{mine.bias},
	}
	if at > 0 {
		p.Runs = append(p.Runs, Run{Columns: at, Alpha: g.factor(false), Beta: g.factor(false), Bias: -1})
	}
	p.Runs = append(p.Runs, mine.factors)
	if at < n-1 {
		p.Runs = append(p.Runs, Run{Columns: n - 1 - at, Alpha: g.factor(false), Beta: g.factor(false), Bias: -1})
	}
	fill := func(own []float32) func(_, i, j int) float32 {
		return func(_, i, j int) float32 {
			if j == at {
				return own[i]
			}
			return g.wild()
		}
	}
	p.B.Fill(fill(mine.x))
	p.C.Fill(fill(mine.c))
	return p.seal()
}

func columnBits(o *Operand, j int) []uint32 {
	bits := make([]uint32, o.View.Rows())
	for i := range bits {
		bits[i] = o.Bits(0, i, j)
	}
	return bits
}

func rowBits(o *Operand, i, cols int) []uint32 {
	bits := make([]uint32, cols)
	for j := range bits {
		bits[j] = o.Bits(0, i, j)
	}
	return bits
}

// rowOfProductAmongRows computes one row of A alone and among others.
func rowOfProductAmongRows(t *testing.T, impl *Implementation, rows []*kernels.Row, types [3]tensor.DType, g maker) {
	k, layout := 520+g.IntN(40), g.layout()
	for _, row := range rows {
		n := min(maxColumns(row), 19)
		own := g.normals(k)
		b := NewOperand(types[1], tensor.Dims{1, k, n}, g.layout(), false)
		b.Fill(func(int, int, int) float32 { return float32(g.NormFloat64()) })
		var alone []uint32
		for _, m := range g.companies() {
			at := g.IntN(m)
			p := &Matmul{
				Name: "row in company", Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k},
				A:    NewOperand(types[0], tensor.Dims{1, m, k}, layout, false),
				B:    b,
				C:    NewOperand(types[2], tensor.Dims{1, m, n}, g.layout(), false),
				Runs: []Run{{Columns: n, Alpha: 1, Bias: -1}},
			}
			p.A.Fill(func(_, i, j int) float32 {
				if i == at {
					return own[j]
				}
				return g.wild()
			})
			p.seal()
			impl.Matmul(t, p.Key(row, impl.Caps), p)
			got := rowBits(p.C, at, n)
			if alone == nil {
				alone = got
			}
			require.Equal(t, alone, got, "%s: row %d of %d", row.Name, at, m)
		}
	}
}
