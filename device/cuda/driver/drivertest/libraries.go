//go:build linux && (amd64 || arm64)

package drivertest

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ebitengine/purego"
)

// outOfMemory is a result of the driver's, computeMajor an attribute of a GPU.
const (
	outOfMemory  = 2
	computeMajor = 75
)

// Libraries are the driver, NVRTC and cuBLAS. Their methods may be called from any
// goroutine.
type Libraries struct {
	// On is called before each function does its work, which it does if that is 0;
	// else that is its result. nth counts the calls of the function from 1. nil
	// means that all work.
	On func(function string, nth int) (result uintptr)
	// Room is the memory of the GPU and what can be pinned, in bytes each.
	Room int
	// CodeSize is how many bytes of machine code NVRTC makes.
	CodeSize int

	mu     sync.Mutex
	calls  map[string]int
	blocks map[uintptr]block
	handle uintptr // the last that was given
}

// block is memory of the GPU, which is the host's, too, or pinned memory.
type block struct {
	pinned bool
	bytes  []byte
}

// current are the libraries that functions are called for: there are not enough
// callbacks for those of each.
var current atomic.Pointer[Libraries]

// New returns libraries that take the place of those before.
func New() *Libraries {
	l := &Libraries{Room: 1 << 30, CodeSize: 1, calls: map[string]int{}, blocks: map[uintptr]block{}}
	current.Store(l)
	return l
}

var (
	callbacks = map[string]uintptr{}
	making    sync.Mutex
)

// Address is where a function of the current libraries is.
func Address(function string) uintptr {
	making.Lock()
	defer making.Unlock()
	if callbacks[function] == 0 {
		callbacks[function] = purego.NewCallback(func(a, b, c, _ uintptr) uintptr {
			return current.Load().call(function, a, b, c)
		})
	}
	return callbacks[function]
}

// Calls returns how many times a function was called.
func (l *Libraries) Calls(function string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[function]
}

// InUse returns the bytes that are allocated of the GPU, and pinned.
func (l *Libraries) InUse() (gpu, pinned int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used(false), l.used(true)
}

func (l *Libraries) used(pinned bool) (sum int) {
	for _, b := range l.blocks {
		if b.pinned == pinned {
			sum += len(b.bytes)
		}
	}
	return sum
}

func (l *Libraries) call(function string, a, b, c uintptr) uintptr {
	l.mu.Lock()
	l.calls[function]++
	nth := l.calls[function]
	l.mu.Unlock()
	if l.On != nil {
		if result := l.On(function, nth); result != 0 {
			return result
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.work(function, a, b, c)
}

func (l *Libraries) work(function string, a, b, c uintptr) uintptr {
	switch function {
	case "cuDeviceGetCount":
		*at[int32](a) = 1
	case "cuDriverGetVersion":
		*at[int32](a) = 13000
	case "cuDeviceGetAttribute":
		if b == computeMajor {
			*at[int32](a) = 8
		}
	case "cuDeviceTotalMem_v2":
		*at[int](a) = l.Room
	case "cuMemAlloc_v2", "cuMemHostAlloc":
		return l.allocate(at[uintptr](a), int(b), function == "cuMemHostAlloc")
	case "cuMemFree_v2", "cuMemFreeHost":
		delete(l.blocks, a)
	case "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2":
		copy(unsafe.Slice(at[byte](a), c), unsafe.Slice(at[byte](b), c))
	case "cuStreamCreate", "cuEventCreate", "cuModuleLoadData", "cublasCreate_v2":
		l.handle++
		*at[uintptr](a) = l.handle
	case "cuEventElapsedTime":
		*at[float32](a) = 1 // ms
	case "cuGetErrorName", "cuGetErrorString":
		return 1 // not known
	case "nvrtcGetCUBINSize":
		*at[int](b) = l.CodeSize
	}
	return 0
}

func (l *Libraries) allocate(to *uintptr, bytes int, pinned bool) uintptr {
	if l.used(pinned)+bytes > l.Room {
		return outOfMemory
	}
	b := block{pinned: pinned, bytes: make([]byte, bytes)}
	*to = uintptr(unsafe.Pointer(unsafe.SliceData(b.bytes)))
	l.blocks[*to] = b
	return 0
}

// at is what an address of C's points to.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }
