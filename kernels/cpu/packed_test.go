package cpu_test

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
)

// TestPackedConformance computes products packed and as they lie. Both must be
// right, and alike.
func TestPackedConformance(t *testing.T) {
	row := kernels.Default.Find("matmul_simd")
	eachLevel(t, func(t *testing.T) {
		if !cpu.HasPanels() {
			t.Log("NOT TESTED: nothing is packed")
			return
		}
		r := runner{scratch: new(cpu.Scratch)}
		impl := kerneltest.Implementation{
			Catalog: kernels.Catalog{*row}, Caps: kernels.Caps{SIMDMatrix: true, SIMDWidth: 1}, Matmul: r.everyWay,
		}
		kerneltest.Exercise(t, impl)
		for range 60 {
			kerneltest.Fuzz(t, impl, row, rand.Uint64(), uint16(rand.Uint32()), uint16(rand.Uint32()), uint16(rand.Uint32()), nil)
		}
	})
}

// everyWay runs a case in all the ways that its kernel has, and wants the same
// bits from each.
func (r runner) everyWay(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
	kernel := cpu.Matmuls[key.Kernel]
	switch row := kernels.Default.Find(key.Kernel); {
	case cpu.HasPanels() && row.Family == kernels.FamilySmallN:
		r.both(t, key, m)
	case kernel.Packs(productOf(m)):
		before := bytes.Clone(m.C.Memory)
		r.matmul(t, key, m)
		asTheyLie := bytes.Clone(m.C.Memory)
		copy(m.C.Memory, before)
		r.packed(t, productOf(m), m.Shape.Batch)
		require.Equal(t, asTheyLie, m.C.Memory, "%v", m)
	default:
		r.matmul(t, key, m)
	}
}

// packed computes products in random parts.
func (r runner) packed(t testing.TB, p *cpu.Product, batch int) {
	rows, cols := cutAt(p.M, 8), cutAt(p.N, cpu.PanelRows)
	for b := range batch {
		for i := range len(rows) - 1 {
			for j := range len(cols) - 1 {
				r.part(t, p, cpu.Block{Matrix: b, M0: rows[i], M1: rows[i+1], N0: cols[j], N1: cols[j+1]})
			}
		}
	}
}

// part packs with several goroutines, and computes in random blocks.
func (r runner) part(t testing.TB, p *cpu.Product, b cpu.Block) {
	x, y := p.PackedBytes(b.M1-b.M0, b.N1-b.N0)
	mx, my := newGuarded(x), newGuarded(y)
	part := cpu.NewPacked(p, b, mx.ptr(), my.ptr())
	var all sync.WaitGroup
	steps := rand.Perm(part.Steps())
	for g := range 2 {
		all.Go(func() {
			s := new(cpu.Scratch)
			for i := g; i < len(steps); i += 2 {
				part.Pack(s, steps[i])
			}
		})
	}
	all.Wait()
	mx.check(t, "rows of A")
	my.check(t, "columns of B")
	rows, cols := cutAt(b.M1-b.M0, 8), cutAt(b.N1-b.N0, cpu.PanelRows)
	for i := range len(rows) - 1 {
		for j := range len(cols) - 1 {
			part.Compute(r.scratch, cpu.Block{M0: rows[i], M1: rows[i+1], N0: cols[j], N1: cols[j+1]})
		}
	}
}

// cutAt returns 0, n and sometimes a multiple of step between them.
func cutAt(n, step int) []int {
	if n <= step || rand.IntN(2) == 0 {
		return []int{0, n}
	}
	return []int{0, (1 + rand.IntN((n-1)/step)) * step, n}
}

// guarded is memory with bytes before and after that nobody may touch.
type guarded []byte

const guardBytes = 64

func newGuarded(n int) guarded {
	all := make([]byte, n+3*guardBytes)
	skip := -int(uintptr(unsafe.Pointer(&all[0]))) & (guardBytes - 1)
	g := guarded(all[skip : skip+n+2*guardBytes])
	for i := range g {
		g[i] = 0xa5
	}
	return g
}

func (g guarded) ptr() unsafe.Pointer { return unsafe.Pointer(&g[guardBytes]) }

func (g guarded) check(t testing.TB, what string) {
	untouched := bytes.Repeat([]byte{0xa5}, guardBytes)
	require.Equal(t, untouched, []byte(g[:guardBytes]), "before the %s", what)
	require.Equal(t, untouched, []byte(g[len(g)-guardBytes:]), "after the %s", what)
}
