package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func exerciseMatmul(t *testing.T, impl *Implementation, row *kernels.Row, seed uint64) {
	for _, types := range typesOf(row) {
		if !impl.supports(t, row, types) {
			continue
		}
		t.Run(fmt.Sprintf("%v,%v,%v", types[0], types[1], types[2]), func(t *testing.T) {
			g := newMaker(seed, row.Name)
			for _, m := range matmulCases(g, row, types, impl) {
				impl.Matmul(t, m.Key(row, impl.Caps), m)
				require.NoError(t, m.Check(impl.FlushesSubnormals), "%v", m)
			}
		})
	}
}

func matmulCases(g maker, row *kernels.Row, types [3]tensor.DType, impl *Implementation) []*Matmul {
	wide := maxColumns(row)
	cases := []*Matmul{edgeValues(types, min(3, wide), !impl.FlushesSubnormals)}
	for range 8 {
		s := kernels.Shape{Batch: 1 + g.IntN(3), M: g.upTo(70), N: g.upTo(wide), K: g.upTo(150)}
		cases = append(cases, g.matmul(s, types, false))
	}
	// Whole numbers find a single wrong term in a long sum.
	for range 2 {
		s := kernels.Shape{Batch: 1, M: g.upTo(40), N: g.upTo(wide), K: 100 + g.upTo(1000)}
		cases = append(cases, g.matmul(s, types, true))
	}
	large := kernels.Shape{Batch: 1, M: 257 + g.IntN(10), N: min(wide, 131), K: 3}
	cases = append(cases, g.matmul(large, types, true))
	for _, s := range []kernels.Shape{
		{Batch: 1, M: 0, N: 1, K: 5},
		{Batch: 1, M: 5, N: 0, K: 5},
		{Batch: 1, M: 5, N: 1, K: 0},
		{Batch: 0, M: 5, N: 1, K: 5},
		{Batch: 2, M: 0, N: 0, K: 0},
	} {
		cases = append(cases, g.matmul(s, types, true))
	}
	return cases
}

// edgeValues is a product whose rows hold NaN, infinities, the greatest and
// the least numbers. Its last column also has a NaN in B.
func edgeValues(types [3]tensor.DType, cols int, subnormals bool) *Matmul {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	greatest, least := extremes(types[0])
	if !subnormals {
		least = 1
	}
	rows := [][4]float32{ // the last row of B is 0
		{nan, 1, 1, 1},
		{inf, 1, 1, 1},
		{-inf, 1, 1, 1},
		{inf, -inf, 0, 0},
		{0, 0, 0, inf},
		{greatest, 0, 0, 0},
		{-greatest, 0, 0, 1},
		{least, 0, 0, 0},
		{0, -least, 0, 0},
		{1, 2, 3, 4},
	}
	m := &Matmul{
		Name: "edge values", Exact: true,
		Shape: kernels.Shape{Batch: 1, M: len(rows), N: cols, K: 4},
		A:     NewOperand(types[0], tensor.Dims{1, len(rows), 4}, RowMajor, false),
		B:     NewOperand(types[1], tensor.Dims{1, 4, cols}, RowMajor, false),
		C:     NewOperand(types[2], tensor.Dims{1, len(rows), cols}, RowMajor, false),
		Runs:  []Run{{Columns: cols, Alpha: 1, Bias: -1}},
	}
	m.A.Fill(func(_, i, j int) float32 { return rows[i][j] })
	m.B.Fill(func(_, i, j int) float32 {
		switch {
		case i == 3:
			return 0
		case i == 2 && j == 2:
			return nan
		}
		return 1
	})
	return m.seal()
}

// extremes returns the greatest finite and the least positive value of a type.
func extremes(dt tensor.DType) (greatest, least float32) {
	switch dt {
	case tensor.F16:
		return 65504, 0x1p-24
	case tensor.BF16:
		return 0x1.fep127, 0x1p-133
	case tensor.F32:
	}
	return math.MaxFloat32, subnormal
}
