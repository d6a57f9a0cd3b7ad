// Package sim is a device that does nothing in a set time, and can fail,
// hang, or run out of memory on command. Everything above the seam is tested
// on it, including inside testing/synctest bubbles: it knows no clock but
// package time and starts goroutines only while batches are pending.
package sim

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Device is a simulated device. Its methods may be called from any goroutine.
type Device struct {
	config Config

	batches, dispatches, compiles atomic.Int64

	lost atomic.Bool // see Lost

	mu      sync.Mutex
	inUse   int64
	closed  bool
	release chan struct{} // closed, and replaced, by Release
}

// Open returns a simulated device.
func Open(c Config) *Device {
	return &Device{config: c.withDefaults(), release: make(chan struct{})}
}

// Info describes the device; with Config.Inner it has that device's speed.
func (d *Device) Info() device.Info {
	info := device.Info{Threads: 1, Bandwidth: 100e9, Flops: 1e12, Notes: []string{"computes nothing: results stay as they were"}}
	if d.config.Inner != nil {
		info = d.config.Inner.Info()
	}
	info.Backend, info.Name = "sim", "simulated device"
	info.Caps = d.config.Caps
	info.Memory = d.config.AllocLimit
	info.HostMemory = !d.config.Discrete
	info.QueueDepth, info.Begins = d.config.QueueDepth, d.config.Before > 0
	info.Launch = max(info.Launch, d.config.Launch)
	if d.config.Flops > 0 {
		info.Flops = d.config.Flops
	}
	return info
}

// Compile takes Config.CompileTime.
func (d *Device) Compile(key kernels.Key) (device.Pipeline, error) {
	d.compiles.Add(1)
	if err := d.open(); err != nil {
		return nil, err
	}
	time.Sleep(d.config.CompileTime)
	if f := d.config.CompileError; f != nil {
		if err := f(key); err != nil {
			return nil, err
		}
	}
	if err := d.supports(key); err != nil {
		return nil, err
	}
	if d.config.Inner != nil {
		return d.config.Inner.Compile(key)
	}
	return pipeline{key}, nil
}

func (d *Device) supports(key kernels.Key) error {
	row := d.config.Kernels.Find(key.Kernel)
	caps := d.config.Caps
	if row == nil || row.NeedsSIMDMatrix && !caps.SIMDMatrix || row.NeedsVendor && !caps.Vendor {
		return fmt.Errorf("sim: compile %v: %w", key, device.ErrUnsupported)
	}
	return nil
}

type pipeline struct{ key kernels.Key }

func (p pipeline) Key() kernels.Key { return p.key }

// NewQueue opens a queue. Queues of one device run side by side.
func (d *Device) NewQueue() (device.Queue, error) {
	if err := d.open(); err != nil {
		return nil, err
	}
	q := &queue{device: d, closing: make(chan struct{})}
	if d.config.Inner != nil {
		inner, err := d.config.Inner.NewQueue()
		if err != nil {
			return nil, err
		}
		q.inner = inner
	}
	return q, nil
}

// Release lets every batch that hangs, or was committed to hang, run on.
func (d *Device) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.release)
	d.release = make(chan struct{})
}

// Close closes Config.Inner. What is asked of the device later, a second Close
// too, fails with an error that wraps device.ErrClosed.
func (d *Device) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return fmt.Errorf("sim: close: %w", device.ErrClosed)
	}
	if d.config.Inner == nil {
		return nil
	}
	return d.config.Inner.Close()
}

// Batches returns how many batches were committed.
func (d *Device) Batches() int64 { return d.batches.Load() }

// Dispatches returns how many dispatches the committed batches had.
func (d *Device) Dispatches() int64 { return d.dispatches.Load() }

// Compiles returns how many times Compile was called.
func (d *Device) Compiles() int64 { return d.compiles.Load() }

// BytesInUse returns the bytes of the buffers that are not freed.
func (d *Device) BytesInUse() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inUse
}

func (d *Device) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return fmt.Errorf("sim: %w", device.ErrClosed)
	case d.lost.Load():
		return fmt.Errorf("sim: %w", device.ErrLost)
	}
	return nil
}
