package blas

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Library is a BLAS that was found. Its products may be called from any
// goroutine; the number of threads that they use belongs to the whole process.
type Library struct {
	Name    string // OpenBLAS, BLIS, MKL, Accelerate, or else BLAS
	Version string // as the library tells it, "" if it does not
	Path    string // as it was opened

	sgemm      sgemmFunc
	sgemv      sgemvFunc
	setThreads func(n int64) // nil: the library has no such function

	mu sync.Mutex
}

// Sizes are C ints. They are positive, so that a library built with 64-bit
// integers reads the same numbers from the registers and stack slots.
type (
	sgemmFunc func(order, transA, transB, m, n, k int32, alpha float32, a unsafe.Pointer, lda int32,
		b unsafe.Pointer, ldb int32, beta float32, c unsafe.Pointer, ldc int32)
	sgemvFunc func(order, trans, m, n int32, alpha float32, a unsafe.Pointer, lda int32,
		x unsafe.Pointer, incx int32, beta float32, y unsafe.Pointer, incy int32)
)

// The values of cblas.h.
const (
	rowMajor  = 101
	asItLies  = 111
	transpose = 112
)

func (l *Library) String() string {
	text := l.Name
	if l.Version != "" {
		text += " " + l.Version
	}
	return fmt.Sprintf("%s (%s)", text, l.Path)
}

// SetsThreads reports whether the number of threads is the caller's to choose.
func (l *Library) SetsThreads() bool { return l.setThreads != nil }

// Acquire takes the library for the calling goroutine and sets how many
// threads its products use. Release must follow.
func (l *Library) Acquire(threads int) {
	l.mu.Lock()
	runtime.LockOSThread() // some libraries keep the number by thread
	if l.setThreads != nil {
		l.setThreads(int64(threads))
	}
}

// Release gives the library to the next who waits in Acquire.
func (l *Library) Release() {
	runtime.UnlockOSThread()
	l.mu.Unlock()
}

// Matrix is a float32 matrix whose rows lie contiguously, LD elements apart,
// or, with Trans, one whose columns do. LD is at least the length of what is
// contiguous, and at least 1.
type Matrix struct {
	Ptr   unsafe.Pointer
	LD    int
	Trans bool
}

func (m Matrix) order() int32 {
	if m.Trans {
		return transpose
	}
	return asItLies
}

// Vector is a float32 vector with Inc elements, at least 1, from one to the
// next.
type Vector struct {
	Ptr unsafe.Pointer
	Inc int
}

// Gemm computes C = alpha*A*B + beta*C for an m x k matrix A and a k x n
// matrix B. With beta 0 C is not read. Rows of C are contiguous: C.Trans counts
// as false. All sizes are from 1 to [Most].
func (l *Library) Gemm(m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	l.sgemm(rowMajor, a.order(), b.order(), int32(m), int32(n), int32(k),
		alpha, a.Ptr, int32(a.LD), b.Ptr, int32(b.LD), beta, c.Ptr, int32(c.LD))
}

// Gemv computes y = alpha*A*x + beta*y for an m x k matrix A. With beta 0 what
// y holds must be finite: some versions multiply it by 0.
func (l *Library) Gemv(m, k int, alpha float32, a Matrix, x Vector, beta float32, y Vector) {
	if a.Trans {
		m, k = k, m // as it lies in memory
	}
	l.sgemv(rowMajor, a.order(), int32(m), int32(k),
		alpha, a.Ptr, int32(a.LD), x.Ptr, int32(x.Inc), beta, y.Ptr, int32(y.Inc))
}

// Most is the greatest size, leading dimension or increment.
const Most = 1<<31 - 1
