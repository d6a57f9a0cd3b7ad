package blas_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas/blastest"
)

// dense is a matrix of small whole numbers, whose products are exact.
type dense struct {
	xs         []float32
	rows, cols int
	blas.Matrix
}

func newDense(rows, cols, padding int, trans bool) dense {
	lines, length := rows, cols
	if trans {
		lines, length = cols, rows
	}
	d := dense{xs: make([]float32, lines*(length+padding)), rows: rows, cols: cols}
	for i := range d.xs {
		d.xs[i] = float32(rand.IntN(17) - 8)
	}
	d.Matrix = blas.Matrix{Ptr: unsafe.Pointer(&d.xs[0]), LD: length + padding, Trans: trans}
	return d
}

func (d *dense) at(i, j int) *float32 {
	if d.Trans {
		i, j = j, i
	}
	return &d.xs[i*d.LD+j]
}

func TestGemm(t *testing.T) {
	l := blastest.Library(t)
	for _, transA := range []bool{false, true} {
		for _, transB := range []bool{false, true} {
			for _, threads := range []int{1, 3} {
				const m, n, k = 37, 41, 29
				a, b, c := newDense(m, k, 3, transA), newDense(k, n, 0, transB), newDense(m, n, 5, false)
				before := append([]float32(nil), c.xs...)
				l.Acquire(threads)
				l.Gemm(m, n, k, 2, a.Matrix, b.Matrix, -3, c.Matrix)
				l.Release()
				for i := range m {
					for j := range n {
						want := -3 * before[i*c.LD+j]
						for p := range k {
							want += 2 * *a.at(i, p) * *b.at(p, j)
						}
						require.Equal(t, want, *c.at(i, j), "%t %t (%d, %d)", transA, transB, i, j)
					}
					require.Equal(t, before[i*c.LD+n:(i+1)*c.LD], c.xs[i*c.LD+n:(i+1)*c.LD], "the gap after row %d", i)
				}
			}
		}
	}
}

func TestGemv(t *testing.T) {
	l := blastest.Library(t)
	for _, trans := range []bool{false, true} {
		const m, k = 45, 33
		a, x, y := newDense(m, k, 2, trans), newDense(k, 1, 1, false), newDense(m, 1, 2, false)
		before := append([]float32(nil), y.xs...)
		l.Acquire(2)
		l.Gemv(m, k, 2, a.Matrix, blas.Vector{Ptr: x.Ptr, Inc: x.LD}, 1, blas.Vector{Ptr: y.Ptr, Inc: y.LD})
		l.Release()
		for i := range m {
			want := before[i*y.LD]
			for p := range k {
				want += 2 * *a.at(i, p) * *x.at(p, 0)
			}
			require.Equal(t, want, *y.at(i, 0), "%t %d", trans, i)
		}
	}
}

// TestAcquireIsForOne: goroutines take turns, and each gets its own product.
func TestAcquireIsForOne(t *testing.T) {
	l := blastest.Library(t)
	var inside int
	var callers sync.WaitGroup
	for threads := range 4 {
		callers.Go(func() {
			for range 50 {
				l.Acquire(threads + 1)
				inside++ // the race detector watches
				l.Release()
			}
		})
	}
	callers.Wait()
	require.Equal(t, 200, inside)
}

// TestCollectorGoesOn: a garbage collection begins and ends while a product
// runs, so a product holds up no goroutine.
func TestCollectorGoesOn(t *testing.T) {
	l := blastest.Library(t)
	for n := 512; n <= 4096; n *= 2 { // large enough, however fast the machine
		a, c := newDense(n, n, 0, false), newDense(n, n, 0, false)
		begun, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			l.Acquire(1)
			defer l.Release()
			close(begun)
			l.Gemm(n, n, n, 1, a.Matrix, a.Matrix, 0, c.Matrix)
		}()
		<-begun
		for collections := 0; ; collections++ {
			runtime.GC()
			select {
			case <-done:
			default:
				continue
			}
			// The first may have begun before the product did, the last ended
			// after it.
			if collections > 2 {
				return
			}
			break
		}
	}
	t.Fatal("no garbage collection ended while a product of 4096 ran")
}
