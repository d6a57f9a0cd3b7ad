//go:build linux && (amd64 || arm64)

package driver

import (
	"errors"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Attribute is a property of a GPU.
type Attribute int32

// The attributes that are used.
const (
	MaxThreads      Attribute = 1 // in a block
	WarpSize        Attribute = 10
	ClockRate       Attribute = 13 // kHz
	Multiprocessors Attribute = 16
	MemoryClockRate Attribute = 36 // kHz
	MemoryBusWidth  Attribute = 37 // bits
	MaxShared       Attribute = 97 // bytes of a block
	ComputeMajor    Attribute = 75
	ComputeMinor    Attribute = 76
)

// Context is a GPU with its primary context.
type Context struct {
	*API
	Name   string
	Memory int64 // bytes

	gpu    int32
	handle uintptr
	users  atomic.Int64 // who hold it
}

// Count returns the number of GPUs.
func (a *API) Count() (n int, err error) {
	var count int32
	err = a.do(fnDeviceGetCount, uintptr(unsafe.Pointer(&count)))
	return int(count), err
}

// Open opens a GPU by its number. Release ends it.
func (a *API) Open(number int) (*Context, error) {
	c := &Context{API: a}
	name := make([]byte, 256)
	var total uint64
	for _, step := range []func() error{
		func() error { return a.do(fnDeviceGet, uintptr(unsafe.Pointer(&c.gpu)), uintptr(number)) },
		func() error {
			return a.do(fnDeviceGetName, uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)-1), uintptr(c.gpu))
		},
		func() error { return a.do(fnDeviceTotalMem, uintptr(unsafe.Pointer(&total)), uintptr(c.gpu)) },
		func() error {
			return a.do(fnPrimaryRetain, uintptr(unsafe.Pointer(&c.handle)), uintptr(c.gpu))
		},
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	c.Name, c.Memory = goString(&name[0]), int64(total)
	c.users.Store(1)
	return c, nil
}

// Attribute returns a property of the GPU, 0 if the driver does not tell.
func (c *Context) Attribute(which Attribute) int {
	var value int32
	if c.do(fnDeviceGetAttribute, uintptr(unsafe.Pointer(&value)), uintptr(which), uintptr(c.gpu)) != nil {
		return 0
	}
	return int(value)
}

// Enter makes the context that of the calling thread.
func (c *Context) Enter() error { return c.do(fnCtxSetCurrent, c.handle) }

// ErrReleased says that the context was given back.
var ErrReleased = errors.New("the GPU was given back")

// With runs fn on a thread of its own with the context, which it holds meanwhile.
func (c *Context) With(fn func() error) error {
	if !c.Hold() {
		return ErrReleased
	}
	defer func() { _ = c.Release() }()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.Enter(); err != nil {
		return err
	}
	return fn()
}

// Hold keeps the context until another Release, as Open does. False means that
// it was given back.
func (c *Context) Hold() bool {
	for n := c.users.Load(); n > 0; n = c.users.Load() {
		if c.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// Release gives the context back if nobody else holds it.
func (c *Context) Release() error {
	if c.users.Add(-1) > 0 {
		return nil
	}
	return c.do(fnPrimaryRelease, uintptr(c.gpu))
}
