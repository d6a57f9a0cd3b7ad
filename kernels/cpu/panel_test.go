package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestPackPanel packs matrices of all types and layouts at every level and
// compares with the layout as it is described.
func TestPackPanel(t *testing.T) {
	for _, l := range Levels() {
		defer Use(l)()
		for _, dt := range tensor.DTypes {
			for _, rows := range []int{1, 7, 8, 15, 16, 17, 31, 40, 47, 48} {
				for _, k := range []int{1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 100} {
					a := randomMat(rows, k, dt)
					testPackPanel(t, a, rows, k)
					testPackPanel(t, randomMat(k, rows, dt).T(), rows, k)
					a.RS, a.CS = a.CS, a.RS // any other matrix over the same memory
					if rows == k {
						testPackPanel(t, a, rows, k)
					}
				}
			}
		}
	}
}

func testPackPanel(t *testing.T, a Mat, rows, k int) {
	const guard = 64
	size := PanelBytes(a.Type, k)
	memory := make([]byte, guard+size+guard)
	for i := range memory {
		memory[i] = 0xa5
	}
	panel := unsafe.Pointer(&memory[guard])
	PackPanel(panel, a, rows, k)
	written := map[int]bool{}
	for i := range rows {
		for j := range k {
			at := elementOfPanel(a.Type, i, j)
			for b := range a.Type.Size() {
				want := *(*byte)(unsafe.Add(a.from(0, i, j).Ptr, b))
				require.Equal(t, want, memory[guard+at+b], "%v %dx%d strides %d, %d: element (%d, %d)", a.Type, rows, k, a.RS, a.CS, i, j)
				written[guard+at+b] = true
			}
		}
	}
	for i, b := range memory {
		if b != 0xa5 {
			require.True(t, written[i], "%v %dx%d: byte %d was written", a.Type, rows, k, i-guard)
		}
	}
}

// elementOfPanel says in other words than panelAt where an element lies.
func elementOfPanel(dt tensor.DType, i, k int) int {
	switch dt {
	case tensor.F32:
		return 192*k + 4*i
	case tensor.F16:
		return 96*k + 2*i
	case tensor.BF16: // pairs
	}
	return 192*(k/2) + 4*i + 2*(k%2)
}

func BenchmarkPackPanel(b *testing.B) {
	for _, dt := range tensor.DTypes {
		for _, transposed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%v/transposed=%t", dt, transposed), func(b *testing.B) {
				const k = 1024
				a := randomMat(PanelRows, k, dt)
				if transposed {
					a = randomMat(k, PanelRows, dt).T()
				}
				panel := unsafe.Pointer(unsafe.SliceData(make([]uint64, PanelBytes(dt, k)/8)))
				b.SetBytes(int64(PanelBytes(dt, k)))
				for b.Loop() {
					PackPanel(panel, a, PanelRows, k)
				}
			})
		}
	}
}

// TestStretches checks the arithmetic that tiles are cut by.
func TestStretches(t *testing.T) {
	for range 1000 {
		cols := 1 + rand.IntN(tileCols)
		k := stretchOf(cols)
		require.Zero(t, k%4)
		require.GreaterOrEqual(t, k, 128)
	}
}
