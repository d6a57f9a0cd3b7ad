package tensor_test

import (
	"math"
	"math/big"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestWindowIsExact: a view is refused when, and for one that has elements
// only when, exact arithmetic finds an element outside.
func TestWindowIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dt := rapid.SampledFrom(tensor.DTypes).Draw(t, "dtype")
		length := rapid.OneOf(rapid.IntRange(0, 64), extreme).Draw(t, "length")
		d, s := drawDims(t, "dims"), drawDims(t, "strides")
		offset := extreme.Draw(t, "offset")

		v := tensor.Window(nil, length, dt, d, s, offset)
		if v.Err() == nil {
			require.Empty(t, outside(v))
			return
		}
		require.Zero(t, v.Len())
		require.Nil(t, v.Base())
		n, last := spanOf(d, s, offset)
		negative := min(d[0], d[1], d[2], s[0], s[1], s[2], offset, length) < 0
		inside := n.IsInt64() && n.Sign() > 0 && last.Cmp(big.NewInt(int64(length/dt.Size()))) < 0
		require.False(t, !negative && inside, "refused: %v", v.Err())
	})
}

func drawDims(t *rapid.T, name string) (d tensor.Dims) {
	for i := range d {
		d[i] = extreme.Draw(t, name)
	}
	return d
}

// TestViewsOfViewsStayInside chains random operations at extreme arguments.
func TestViewsOfViewsStayInside(t *testing.T) {
	memory := make([]float32, 60)
	starts := []tensor.View{
		tensor.Batch(memory, 3, 4, 5), tensor.Vector(memory), tensor.Batch(memory[:0], 0, math.MaxInt, math.MaxInt),
		tensor.Batch(memory[:0], math.MaxInt, 0, math.MaxInt), tensor.Matrix(memory[:0], 0, 1<<62),
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(starts).Draw(t, "start")
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			v = drawStep(t, v)
			if v.Err() != nil {
				require.Zero(t, v.Len())
				return
			}
			require.Empty(t, outside(v))
		}
	})
}

func drawStep(t *rapid.T, v tensor.View) tensor.View {
	d := v.Dims()
	cut := func(n int) (from, to int) {
		from = rapid.OneOf(rapid.IntRange(0, min(n, 6)), extreme).Draw(t, "from")
		return from, rapid.OneOf(rapid.IntRange(max(from, 0), max(from, n)), extreme).Draw(t, "to")
	}
	switch rapid.IntRange(0, 5).Draw(t, "step") {
	case 0:
		return v.T()
	case 1:
		r0, r1 := cut(d[1])
		c0, c1 := cut(d[2])
		return v.Slice(r0, r1, c0, c1)
	case 2:
		b0, b1 := cut(d[0])
		return v.Sub(b0, b1)
	case 3:
		return v.Broadcast(extreme.Draw(t, "batch"))
	case 4:
		return v.Strided(drawDims(t, "dims"), drawDims(t, "strides"), extreme.Draw(t, "offset"))
	default:
		c0 := rapid.IntRange(0, d[2]).Draw(t, "c0")
		v.Columns(c0, rapid.IntRange(c0, d[2]).Draw(t, "c1"))
		return v
	}
}

// FuzzView reads and writes through whatever view the numbers make of 256
// bytes between guard words.
func FuzzView(f *testing.F) {
	f.Add(uint8(0), 2, 4, 8, 32, 8, 1, 0, 1, 3, 2, 8, 1)
	f.Add(uint8(1), 1, 16, 8, 0, 1, 16, 0, 0, 16, 0, 8, 3)
	f.Add(uint8(2), 1, math.MaxInt, 2, 0, 1, 1, 0, 0, 1, 0, 1, 0)
	f.Add(uint8(2), math.MaxInt, 1, 1, math.MaxInt, 0, 0, 1, 0, 1, 0, 1, 1)
	f.Add(uint8(0), 0, math.MaxInt, math.MaxInt, 0, 0, 0, 64, 1, 2, 1, 2, 2)
	f.Add(uint8(0), -1, 1, 1, 0, -1, 1, -1, -1, -1, 2, 1, math.MaxInt)
	f.Fuzz(func(t *testing.T, dt uint8, b, m, n, sb, sm, sn, offset, r0, r1, c0, c1, batch int) {
		const guard, size = 64, 256
		memory := make([]byte, guard+size+guard)
		v := tensor.Window(unsafe.Pointer(&memory[guard]), size, tensor.DTypes[dt%3], tensor.Dims{b, m, n}, tensor.Dims{sb, sm, sn}, offset)
		for _, w := range []tensor.View{v, v.T(), v.Slice(r0, r1, c0, c1), v.Sub(r0, r1), v.Broadcast(batch), v.Slice(r0, r1, c0, c1).T().Sub(0, 1)} {
			if w.Err() != nil {
				continue
			}
			require.Empty(t, outside(w))
			paint(w)
		}
		for i, x := range memory {
			if x != 0 {
				require.True(t, i >= guard && i < guard+size, "byte %d written", i-guard)
			}
		}
	})
}

// paint writes every corner of a view.
func paint(v tensor.View) {
	if v.Len() == 0 {
		return
	}
	d := v.Dims()
	for corner := range 8 {
		b, i, j := (d[0]-1)*(corner&1), (d[1]-1)*(corner>>1&1), (d[2]-1)*(corner>>2&1)
		v.SetValue(b, i, j, v.Value(b, i, j)+1)
	}
}
