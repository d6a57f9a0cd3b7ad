package tensor_test

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestCopyAgainstElementLoop: the bytes of dst's memory, and the guard words
// around it, are what copying element by element leaves there.
func TestCopyAgainstElementLoop(t *testing.T) {
	const guard, size = 32, 320
	source, want, got := make([]byte, size), make([]byte, guard+size+guard), make([]byte, guard+size+guard)
	for i := range source {
		source[i] = byte(i*7 + 1)
	}
	sources, targets := small(source), small(got[guard:guard+size])
	rapid.Check(t, func(t *rapid.T) {
		for i := range got {
			got[i], want[i] = 0xa5, 0xa5
		}
		dst := targets.Filter(func(v tensor.View) bool { return !v.RepeatsElements() }).Draw(t, "dst")
		src := sources.Draw(t, "src").Strided(dst.Dims(), drawSmallStrides(t, dst.Dims()), rapid.IntRange(0, 20).Draw(t, "from"))
		if src.DType() != dst.DType() {
			src = tensor.Window(unsafe.Pointer(&source[0]), size, dst.DType(), dst.Dims(), src.Strides(), src.Offset())
		}
		if src.Err() != nil {
			t.Skip("src reaches outside")
		}
		copyByElement(want[guard:], source, dst, src)
		tensor.Copy(dst, src)
		require.True(t, bytes.Equal(want, got), "dst %v %v, src %v %v", dst.Dims(), dst.Strides(), src.Dims(), src.Strides())
	})
}

func drawSmallStrides(t *rapid.T, d tensor.Dims) tensor.Dims {
	if rapid.Bool().Draw(t, "compact") {
		return tensor.Compact(d)
	}
	s := rapid.IntRange(0, 9)
	return tensor.Dims{s.Draw(t, "s0"), s.Draw(t, "s1"), s.Draw(t, "s2")}
}

func copyByElement(to, from []byte, dst, src tensor.View) {
	var targets []int
	elements(dst, func(at int) { targets = append(targets, at) })
	elements(src, func(at int) {
		copy(to[targets[0]:][:dst.DType().Size()], from[at:])
		targets = targets[1:]
	})
}

func TestCopyTransposes(t *testing.T) {
	src := []float32{1, 2, 3, 4, 5, 6}
	dst := make([]float32, 6)
	tensor.Copy(tensor.Matrix(dst, 3, 2), tensor.Matrix(src, 2, 3).T())
	require.Equal(t, []float32{1, 4, 2, 5, 3, 6}, dst)
	clear(dst)
	tensor.Copy(tensor.Vector(dst), tensor.Matrix(src, 2, 3).Strided(tensor.Dims{1, 6, 1}, tensor.Dims{0, 1, 1}, 0))
	require.Equal(t, src, dst)
}

func TestValues(t *testing.T) {
	memory := make([]uint32, 6)
	base := unsafe.Pointer(&memory[0])
	for _, dt := range tensor.DTypes {
		v := tensor.Window(base, 24, dt, tensor.Dims{1, 2, 3}, tensor.Dims{6, 3, 1}, 0)
		v.SetValue(0, 1, 2, 1.5)
		require.Equal(t, float32(1.5), v.Value(0, 1, 2), dt)
		v.SetValue(0, 0, 0, 1.0/3)
		require.InDelta(t, 1.0/3, v.Value(0, 0, 0), 1e-2, dt)
	}
	none := tensor.View{}
	require.Panics(t, func() { none.Value(0, 0, 0) })
	require.Panics(t, func() { none.SetValue(0, 0, 0, 1) })
	loaded := (&tensor.Resident{ID: 1}).Of(tensor.Window(nil, 1<<20, tensor.F32, tensor.Dims{1, 512, 512}, tensor.Dims{1 << 18, 512, 1}, 0))
	require.NoError(t, loaded.Err())
	for _, row := range []int{0, 511} { // the last page is not that of address 0
		require.PanicsWithValue(t, "tensor: Value of a view of memory that the host cannot address, such as a loaded operand's", func() { loaded.Value(0, row, 0) })
		require.PanicsWithValue(t, "tensor: SetValue of a view of memory that the host cannot address, such as a loaded operand's", func() { loaded.SetValue(0, row, 0, 1) })
	}
}
