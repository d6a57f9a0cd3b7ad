package kerneltest

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// maxFuzzed is the multiplications that one case may take: the reference is slow.
const maxFuzzed = 1 << 20

// Fuzz checks one case of a row, made of what a fuzzer comes up with: the seed
// decides types, layouts, runs and masks, the sizes are taken modulo what is
// reasonable, and half of the values are bits from raw, if there are any.
func Fuzz(t *testing.T, impl Implementation, row *kernels.Row, seed uint64, m, n, k uint16, raw []byte) {
	g := newMaker(seed, row.Name)
	g.raw = raw
	all := typesOf(row)
	types := all[g.IntN(len(all))]
	if ok, _ := row.Supports(kernels.Problem{
		Op: row.Family.Op(), Shape: kernels.Shape{Batch: 1, M: 1, N: 1, K: 1}, A: types[0], B: types[1], C: types[2],
	}, impl.Caps); !ok {
		return
	}
	if row.Family.Op() == kernels.OpSoftmax {
		widest := 3000
		if row.MaxCols > 0 {
			widest = min(widest, row.MaxCols)
		}
		s := g.softmax(types[0], tensor.Dims{1 + int(k%3), 1 + int(m%20), 1 + int(n)%widest}, row)
		impl.Softmax(t, s.Key(row, impl.Caps), s)
		require.NoError(t, s.Check(impl.FlushesSubnormals), "%v", s)
		return
	}
	shape := kernels.Shape{Batch: 1 + g.IntN(2), M: 1 + int(m%300), N: 1 + int(n)%widest(row), K: int(k % 1300)}
	for shape.Batch*shape.M*shape.N*shape.K > maxFuzzed {
		shape.M, shape.K = (shape.M+1)/2, (shape.K+1)/2
	}
	c := g.matmul(shape, types, false)
	impl.Matmul(t, c.Key(row, impl.Caps), c)
	require.NoError(t, c.Check(impl.FlushesSubnormals), "%v", c)
}

// odd returns a value whose bits are among the raw ones.
func (g maker) odd() float32 {
	var four [4]byte
	copy(four[:], g.raw[g.IntN(len(g.raw)):])
	bits := binary.LittleEndian.Uint32(four[:])
	if g.IntN(2) == 0 {
		return tensor.Float16(bits).Float32()
	}
	return math.Float32frombits(bits)
}
