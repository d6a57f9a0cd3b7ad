//go:build linux && (amd64 || arm64)

package cuda

import (
	"runtime"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
)

// queue is what batches of a line need of the GPU.
type queue struct {
	device *Device
	stream *driver.Stream
	events events

	// Of the carrier that starts a batch.
	launch launch.Launch
	mapper *driver.Mapper
	blas   *driver.Handle

	last *driver.Event // the end of the batch before; of the carrier that finishes one
}

func newQueue(d *Device, stream *driver.Stream) device.Queue {
	return newLine(&queue{
		device: d, stream: stream, events: events{context: d.context},
		launch: launch.Launch{GPU: d.gpu}, mapper: d.context.NewMapper(),
	})
}

// enter ties the goroutine to its thread, which gets the context, until leave.
// One that is never tied while it waits is woken by others in less time.
func (q *queue) enter() {
	runtime.LockOSThread()
	if err := q.device.context.Enter(); err != nil {
		q.device.lost.Store(true) // every batch says so
	}
}

func (q *queue) leave() { runtime.UnlockOSThread() }

// release gives up what the queue has of the driver, soon.
func (q *queue) release() { q.device.memory.chores.add(q.destroy) }

// destroy is release now. Where that fails, the device is lost.
func (q *queue) destroy() {
	q.enter()
	defer q.leave()
	if q.blas != nil {
		_ = q.blas.Close()
	}
	if q.last != nil {
		_ = q.last.Close()
	}
	q.events.close()
	_ = q.stream.Close()
}
