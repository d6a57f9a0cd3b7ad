//go:build linux && (amd64 || arm64)

package driver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// API is the driver.
type API struct{ cuda *library }

// Load finds the driver and starts it. One that is named and cannot be used is a
// *LibraryError.
func Load() (*API, error) {
	first := func(*library) bool { return true }
	cuda, err := find("METALLIC_CUDA_DRIVER", []string{"libcuda.so.1", "libcuda.so"}, functionNames[:fnTensorMapEncode], first)
	if err != nil {
		return nil, fmt.Errorf("no NVIDIA driver: %w", err)
	}
	cuda.add(functionNames[fnTensorMapEncode])
	a := &API{cuda: cuda}
	return a, a.start()
}

// start starts the driver. Where it will not, the machine may have no GPU, or the
// library is another than the machine's.
func (a *API) start() error {
	err := a.do(fnInit, 0)
	var e *Error
	if errors.As(err, &e) && e.Code.otherDriver() {
		return a.cuda.unfit(err)
	}
	return err
}

// The functions that are used, and their names.
const (
	fnInit = iota
	fnDriverGetVersion
	fnDeviceGetCount
	fnDeviceGet
	fnDeviceGetName
	fnDeviceGetAttribute
	fnDeviceTotalMem
	fnPrimaryRetain
	fnPrimaryRelease
	fnCtxSetCurrent
	fnMemAlloc
	fnMemFree
	fnMemHostAlloc
	fnMemFreeHost
	fnCopyToDevice
	fnCopyToHost
	fnStreamCreate
	fnStreamDestroy
	fnStreamSynchronize
	fnEventCreate
	fnEventDestroy
	fnEventRecord
	fnEventSynchronize
	fnEventElapsed
	fnModuleLoad
	fnModuleUnload
	fnModuleFunction
	fnFunctionSetAttribute
	fnLaunch
	fnErrorName
	fnErrorString
	fnTensorMapEncode // 0 where the driver is older than that
)

var functionNames = []string{
	"cuInit", "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute",
	"cuDeviceTotalMem_v2", "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSetCurrent",
	"cuMemAlloc_v2", "cuMemFree_v2", "cuMemHostAlloc", "cuMemFreeHost", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
	"cuStreamCreate", "cuStreamDestroy_v2", "cuStreamSynchronize",
	"cuEventCreate", "cuEventDestroy_v2", "cuEventRecord", "cuEventSynchronize", "cuEventElapsedTime",
	"cuModuleLoadData", "cuModuleUnload", "cuModuleGetFunction", "cuFuncSetAttribute", "cuLaunchKernel",
	"cuGetErrorName", "cuGetErrorString", "cuTensorMapEncodeTiled",
}

// Error is a result of the driver other than success.
type Error struct {
	Call string // the function
	Code Code
	Text string // the driver's own words
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s (%d)", e.Call, e.Text, e.Code) }

// Code is a result of the driver.
type Code uint32

// OutOfMemory says that the device has no more memory, or the host no more that
// can be pinned.
const OutOfMemory Code = 2

// Sticky reports that after such a result nothing in the context works any
// more: a kernel went wrong, or the GPU.
func (c Code) Sticky() bool { return c.Breaks() || slices.Contains(hopeless, c) }

// Breaks reports that after such a result nothing in the process works any more, in
// whatever context.
func (c Code) Breaks() bool { return slices.Contains(breaking, c) }

// breaking are the results of which cuda.h says that they leave the process in an
// inconsistent state, or the context of no use: contained error, illegal address,
// launch timeout, assert, stack error, illegal instruction,
// misaligned address, invalid address space, invalid program counter, launch failed,
// tensor memory leak, MPS client terminated, external device.
var breaking = []Code{226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911}

// hopeless are others after which nothing can be hoped for: deinitialized, device
// unavailable, no device, ECC error, NVLink error, context destroyed, unknown.
var hopeless = []Code{4, 46, 100, 214, 220, 709, 999}

// otherDriver reports whether the library does not go with the machine: a stub to
// link with, one for another driver in the kernel, for compatibility with other GPUs.
func (c Code) otherDriver() bool { return c == 34 || c == 803 || c == 804 }

// do calls a function and turns its result into an error.
//
//go:uintptrescapes
func (a *API) do(function int, args ...uintptr) error {
	code := a.cuda.call(function, args...)
	if code == 0 {
		return nil
	}
	return &Error{Call: functionNames[function], Code: Code(code), Text: a.text(code)}
}

func (a *API) text(code uintptr) string {
	var words []string
	for _, function := range []int{fnErrorName, fnErrorString} {
		var text *byte
		if a.cuda.call(function, code, uintptr(unsafe.Pointer(&text))) == 0 && text != nil {
			words = append(words, goString(text))
		}
	}
	return strings.Join(words, ": ")
}

// goString copies a string of C.
func goString(text *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(text), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(text, n))
}

// Version returns the version of CUDA that the driver knows.
func (a *API) Version() (Version, error) {
	var version int32 // 1000*major + 10*minor
	err := a.do(fnDriverGetVersion, uintptr(unsafe.Pointer(&version)))
	return Version{version / 1000, version % 1000 / 10}, err
}
