// Package cpu is the device that is always there: the kernels of kernels/cpu
// behind an in-order command queue, spread over a pool of OS threads.
package cpu

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Config describes the device. The zero Config is ready to use.
type Config struct {
	// Threads is the number of threads that compute at once, a queue's own
	// among them. 0 means GOMAXPROCS.
	Threads int
	// BLAS is the platform's library for the mps family: a file name or path,
	// or "none". "" means the first that is found of the usual ones, if any is;
	// one that is named must be there.
	BLAS string
}

// Device computes on the processor. Its methods may be called from any
// goroutine.
type Device struct {
	info   device.Info
	memory accountant
	pool   *pool
	vendor *vendor // nil: no BLAS was found
	closed atomic.Bool
}

// Open starts the threads of a CPU device. It fails with a *blas.LibraryError
// for a BLAS that is named and cannot be used.
func Open(c Config) (*Device, error) {
	if c.Threads < 0 {
		return nil, fmt.Errorf("cpu: %d threads; allowed: at least 0, 0 for one per processor", c.Threads)
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if err := blas.Check(c.BLAS); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	library, err := blas.Find(c.BLAS)
	info := describeDevice(c.Threads, library, err)
	d := &Device{info: info, memory: accountant{limit: info.Memory}, pool: newPool(c.Threads - 1)}
	if library != nil {
		d.vendor = newVendor(library, c.Threads)
	}
	return d, nil
}

// Info describes the processor and what its kernels can do.
func (d *Device) Info() device.Info { return d.info }

// Compile looks the kernel up. It wraps device.ErrUnsupported for a kernel
// that is not there.
func (d *Device) Compile(key kernels.Key) (device.Pipeline, error) {
	if d.closed.Load() {
		return nil, fmt.Errorf("cpu: compile: %w", device.ErrClosed)
	}
	return newPipeline(key, d.vendor)
}

// NewQueue opens a queue with a goroutine of its own. Queues share the pool:
// stages that are worth spreading take turns.
func (d *Device) NewQueue() (device.Queue, error) {
	if d.closed.Load() {
		return nil, fmt.Errorf("cpu: new queue: %w", device.ErrClosed)
	}
	return newQueue(d.pool), nil
}

// Close ends the threads. What is asked of the device later fails with an
// error that wraps device.ErrClosed. A second Close does nothing.
func (d *Device) Close() error {
	if !d.closed.Swap(true) {
		d.pool.close()
	}
	return nil
}
