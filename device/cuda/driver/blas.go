//go:build linux && (amd64 || arm64)

package driver

import (
	"fmt"
	"math"
	"unsafe"
)

// BLAS is cuBLAS.
type BLAS struct {
	Version
	cublas *library
}

const (
	blasCreate = iota
	blasDestroy
	blasSetStream
	blasGemm
	blasGetProperty
)

var blasNames = []string{"cublasCreate_v2", "cublasDestroy_v2", "cublasSetStream_v2", "cublasGemmStridedBatchedEx", "cublasGetProperty"}

// LoadBLAS finds cuBLAS, one that works with a driver of the version. It
// returns a *TooNew if there are only newer ones. One that is named and cannot be
// used is a *LibraryError.
func LoadBLAS(known Version) (*BLAS, error) {
	cublas, err := find("METALLIC_CUDA_CUBLAS", filesOf("libcublas.so", known), blasNames, func(l *library) bool {
		b, err := blasOf(l)
		return err == nil && known.Runs(b.Version)
	})
	if err != nil {
		return nil, fmt.Errorf("no cuBLAS: %w", err)
	}
	return blasFor(known, cublas)
}

func blasFor(known Version, cublas *library) (*BLAS, error) {
	b, err := blasOf(cublas)
	if err == nil && !known.Runs(b.Version) {
		err = &TooNew{Library: "cuBLAS", Path: b.Path(), Version: b.Version, Driver: known}
	}
	if err != nil {
		return nil, cublas.unfit(err)
	}
	return b, nil
}

// What cublasGetProperty is asked for.
const propertyMajor, propertyMinor = 0, 1

func blasOf(l *library) (*BLAS, error) {
	b := &BLAS{cublas: l}
	if err := b.do(blasGetProperty, propertyMajor, uintptr(unsafe.Pointer(&b.Major))); err != nil {
		return nil, err
	}
	return b, b.do(blasGetProperty, propertyMinor, uintptr(unsafe.Pointer(&b.Minor)))
}

// Path is the file that was found.
func (b *BLAS) Path() string { return b.cublas.path }

// Status is a result of cuBLAS other than success.
type Status struct {
	Call string
	Code uint32
}

func (e *Status) Error() string { return fmt.Sprintf("%s: status %d", e.Call, e.Code) }

// OutOfMemory says that cuBLAS could not get its memory.
func (e *Status) OutOfMemory() bool { return e.Code == statusAllocFailed }

// NotStarted says that CUDA's runtime did not start for a handle: for want of
// memory, too.
func (e *Status) NotStarted() bool {
	return e.Call == blasNames[blasCreate] && e.Code == statusNotInitialized
}

const statusNotInitialized, statusAllocFailed = 1, 3

//go:uintptrescapes
func (b *BLAS) do(function int, args ...uintptr) error {
	if code := b.cublas.call(function, args...); code != 0 {
		return &Status{Call: blasNames[function], Code: uint32(code)}
	}
	return nil
}

// Handle is cuBLAS for one stream.
type Handle struct {
	blas   *BLAS
	handle uintptr
}

// NewHandle makes cuBLAS ready for a stream of the current context.
func (b *BLAS) NewHandle(s *Stream) (*Handle, error) {
	h := &Handle{blas: b}
	if err := b.do(blasCreate, uintptr(unsafe.Pointer(&h.handle))); err != nil {
		return nil, err
	}
	if err := b.do(blasSetStream, h.handle, s.handle); err != nil {
		_ = h.Close()
		return nil, err
	}
	return h, nil
}

// Close gives up what cuBLAS holds.
func (h *Handle) Close() error { return h.blas.do(blasDestroy, h.handle) }

// Element types, as cuBLAS calls them.
const (
	TypeF32  = 0
	TypeF16  = 2
	TypeBF16 = 14
)

// Matrices are matrices of one type, their columns Lead elements apart and
// contiguous, as Fortran has them; Transposed means rows instead.
type Matrices struct {
	At         Pointer
	Transposed bool
	Lead       int
	Apart      int // elements from one matrix to the next
}

// Gemm is C = alpha*A*B + beta*C for Count products, accumulated in f32.
type Gemm struct {
	Rows, Columns, Interior, Count int
	Type                           int
	Alpha, Beta                    float32
	A, B, C                        Matrices // C is not transposed
}

// Fits reports that cuBLAS can count so far: sizes and leads have 32 bits. What
// lies apart has 64.
func (g *Gemm) Fits() bool {
	return max(g.Rows, g.Columns, g.Interior, g.Count, g.A.Lead, g.B.Lead, g.C.Lead) <= math.MaxInt32
}

const (
	computeF32    = 68
	algoDefault   = ^uintptr(0) // -1
	operationNone = 0
	operationT    = 1
)

// Multiply puts products into the stream. They must fit.
func (h *Handle) Multiply(g *Gemm) error {
	operation := func(m *Matrices) uintptr {
		if m.Transposed {
			return operationT
		}
		return operationNone
	}
	t := uintptr(g.Type)
	return h.blas.do(blasGemm, h.handle, operation(&g.A), operation(&g.B), uintptr(g.Rows), uintptr(g.Columns), uintptr(g.Interior),
		uintptr(unsafe.Pointer(&g.Alpha)), uintptr(g.A.At), t, uintptr(g.A.Lead), uintptr(g.A.Apart),
		uintptr(g.B.At), t, uintptr(g.B.Lead), uintptr(g.B.Apart),
		uintptr(unsafe.Pointer(&g.Beta)), uintptr(g.C.At), t, uintptr(g.C.Lead), uintptr(g.C.Apart),
		uintptr(g.Count), computeF32, algoDefault)
}
