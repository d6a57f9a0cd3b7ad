package device

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// Device is one piece of hardware.
//
// Every method may be called from any goroutine and any OS thread, also while
// batches run. Close must come after the queues are closed and buffers freed.
type Device interface {
	Info() Info
	// Alloc returns memory of at least one byte. It wraps ErrOutOfMemory.
	Alloc(space Space, bytes int) (Buffer, error)
	// Compile makes the pipeline of a key. It may take long and may overlap
	// running batches. It wraps ErrUnsupported for a kernel the device lacks.
	Compile(key kernels.Key) (Pipeline, error)
	// NewQueue opens an in-order command queue.
	NewQueue() (Queue, error)
	Close() error
}

// Queue runs batches one after another, in the order of Commit.
//
// Commit may be called from one goroutine at a time. Close waits for batches
// that run and may be called once.
type Queue interface {
	// Commit hands over a batch. It does not wait for batches while at most
	// Info.QueueDepth have not ended; beyond that it may. The batch and
	// everything it refers to belong to the queue until it calls b.Done.
	Commit(b *Batch)
	// Close completes what was committed, if only with an error, and releases
	// the queue. A queue that hangs is dropped; it is closed when its batches
	// have ended after all. Nobody relies on Close to return while one hangs, but
	// it does not wait for other queues.
	Close() error
}

// Pipeline is a kernel compiled for one key. It is immutable.
type Pipeline interface {
	Key() kernels.Key
}

// Info describes a device to people and to policy.
type Info struct {
	Backend string // cpu, sim, cuda, metal
	Name    string // as the hardware calls itself
	Caps    kernels.Caps
	Threads int // parallel workers or compute units
	Memory  int64
	// HostMemory says that kernels read and write the caller's memory as it
	// lies, so that only scattered activations need staging.
	HostMemory bool
	QueueDepth int           // batches worth committing ahead, at least 1
	Begins     bool          // queues call Batch.Begun; else a batch has begun when Commit returns
	Bandwidth  float64       // bytes a second, for the cost model's prior
	Flops      float64       // f32 operations a second, likewise
	Launch     time.Duration // fixed cost of a batch, likewise
	Notes      []string      // what a user should know: found or not, and how to get it
}

// Timing is when a batch ran, on the device's own clock if it has one.
type Timing struct {
	Device time.Duration // from the first stage's start to the last one's end
	// Host is the part of Device in which the host worked, such as copying, and
	// the device could have computed another batch.
	Host time.Duration
	// Dispatches holds one duration per dispatch, in order, when the batch
	// asked for profiling and the device can tell.
	Dispatches []time.Duration
}
