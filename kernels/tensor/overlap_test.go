package tensor_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestOverlapsNeverMissesAny(t *testing.T) {
	memory := make([]byte, 320)
	views := small(memory)
	// The same memory seen from a later base, as a slice of a slice is.
	later := small(memory[64:])
	rapid.Check(t, func(t *rapid.T) {
		v := views.Draw(t, "v")
		w := rapid.OneOf(views, later).Draw(t, "w")
		if meet(bytesOf(v), bytesOf(w)) {
			require.True(t, v.Overlaps(&w))
			require.True(t, w.Overlaps(&v))
		}
		if v.Len() == 0 || w.Len() == 0 {
			require.False(t, v.Overlaps(&w))
		}
		require.Equal(t, v.Overlaps(&w), w.Overlaps(&v))
	})
}

// TestOverlapsNeverMissesAnyOfOnePitch draws views that are likely to lie side
// by side: runs that repeat at one distance, in batches at any.
func TestOverlapsNeverMissesAnyOfOnePitch(t *testing.T) {
	memory := make([]byte, 256)
	runs := rapid.Custom(func(t *rapid.T) tensor.View {
		d := tensor.Dims{rapid.IntRange(1, 3).Draw(t, "b"), rapid.IntRange(1, 3).Draw(t, "m"), rapid.IntRange(1, 10).Draw(t, "n")}
		s := tensor.Dims{rapid.IntRange(0, 20).Draw(t, "stride"), 8, rapid.IntRange(1, 2).Draw(t, "step")}
		return tensor.Window(unsafe.Pointer(&memory[0]), len(memory), tensor.F32, d, s, rapid.IntRange(0, 40).Draw(t, "offset"))
	}).Filter(func(v tensor.View) bool { return v.Err() == nil })
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			v, w := runs.Draw(t, "v"), runs.Draw(t, "w")
			if meet(bytesOf(v), bytesOf(w)) {
				require.True(t, v.Overlaps(&w))
			}
		}
	})
}

func TestOverlapsIsExactForContiguousViews(t *testing.T) {
	memory := make([]byte, 256)
	run := rapid.Custom(func(t *rapid.T) tensor.View {
		d := tensor.Dims{rapid.IntRange(1, 3).Draw(t, "b"), rapid.IntRange(1, 4).Draw(t, "m"), rapid.IntRange(1, 4).Draw(t, "n")}
		dt := rapid.SampledFrom(tensor.DTypes).Draw(t, "dtype")
		v := tensor.Window(unsafe.Pointer(&memory[0]), len(memory), dt, d, tensor.Compact(d), rapid.IntRange(0, 60).Draw(t, "offset"))
		if rapid.Bool().Draw(t, "transposed") {
			v.Transpose()
		}
		return v
	}).Filter(func(v tensor.View) bool { return v.Err() == nil })
	rapid.Check(t, func(t *rapid.T) {
		v, w := run.Draw(t, "v"), run.Draw(t, "w")
		require.Equal(t, meet(bytesOf(v), bytesOf(w)), v.Overlaps(&w))
	})
}

func TestOverlapsIsExactForBlocksOfOneMatrix(t *testing.T) {
	const rows, cols = 6, 7
	whole := tensor.Matrix(make([]float32, rows*cols), rows, cols)
	block := rapid.Custom(func(t *rapid.T) tensor.View {
		r0, c0 := rapid.IntRange(0, rows).Draw(t, "r0"), rapid.IntRange(0, cols).Draw(t, "c0")
		v := whole.Slice(r0, rapid.IntRange(r0, rows).Draw(t, "r1"), c0, rapid.IntRange(c0, cols).Draw(t, "c1"))
		if rapid.Bool().Draw(t, "transposed") {
			v.Transpose()
		}
		return v
	})
	rapid.Check(t, func(t *rapid.T) {
		v, w := block.Draw(t, "v"), block.Draw(t, "w")
		require.Equal(t, meet(bytesOf(v), bytesOf(w)), v.Overlaps(&w))
	})
}

func TestOverlapsOfResidents(t *testing.T) {
	v := tensor.Matrix(make([]float32, 12), 3, 4)
	first, second := new(tensor.Resident), new(tensor.Resident)
	a, b := first.Of(v), second.Of(v)
	require.True(t, a.Overlaps(&a), "one operand overlaps itself")
	require.False(t, a.Overlaps(&b), "operands are kept apart")
	require.False(t, a.Overlaps(&v), "an operand is a copy of the caller's memory")
	require.False(t, v.Overlaps(&a))
	none := tensor.View{}
	require.False(t, none.Overlaps(&v))
	require.False(t, v.Overlaps(&none))
}

func TestRepeatsElementsNeverMissesAny(t *testing.T) {
	views := small(make([]byte, 320))
	rapid.Check(t, func(t *rapid.T) {
		v := views.Draw(t, "v")
		seen, twice := map[int]bool{}, false
		elements(v, func(at int) { twice, seen[at] = twice || seen[at], true })
		if twice {
			require.True(t, v.RepeatsElements())
		}
		if v.Len() <= 1 {
			require.False(t, v.RepeatsElements())
		}
	})
}

func TestRepeatsElementsAcceptsOrdinaryViews(t *testing.T) {
	whole := tensor.Batch(make([]tensor.Float16, 120), 4, 5, 6)
	spread := tensor.Vector(make([]float32, 100)).Strided(tensor.Dims{3, 2, 2}, tensor.Dims{30, 10, 2}, 1)
	for _, v := range []tensor.View{whole, whole.Slice(1, 3, 2, 5), whole.Sub(1, 3), spread, whole.Slice(0, 5, 3, 3)} {
		require.NoError(t, v.Err())
		require.False(t, v.RepeatsElements())
		v.Transpose()
		require.False(t, v.RepeatsElements())
	}
	one := whole.Sub(0, 1).Broadcast(2)
	require.True(t, one.RepeatsElements())
}
