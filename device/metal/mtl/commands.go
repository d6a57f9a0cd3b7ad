//go:build darwin || linux

package mtl

import (
	"time"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// CommandBuffer is an MTLCommandBuffer. It belongs to one goroutine.
type CommandBuffer struct{ object }

// Commit hands the command buffer to the GPU. done is called once, when it has
// completed, on a thread of Metal's: it must only pass the news on, without
// blocking. After that Err and Times may be asked.
func (c *CommandBuffer) Commit(done func()) {
	block := c.api.runtime.NewBlock(func(objc.ID) { done() })
	c.api.send.addHandler(c.id, c.api.sel[selAddCompletedHandler], block)
	c.api.send.void(c.id, c.api.sel[selCommit])
}

// CommitAndWait is Commit for tests and start-up: it blocks an OS thread.
func (c *CommandBuffer) CommitAndWait() error {
	c.api.send.void(c.id, c.api.sel[selCommit])
	c.api.send.void(c.id, c.api.sel[selWaitUntilCompleted])
	return c.Err()
}

// statusError is MTLCommandBufferStatusError.
const statusError = 5

// Err returns what went wrong with a completed command buffer, or nil.
func (c *CommandBuffer) Err() (err error) {
	if c.api.send.uint(c.id, c.api.sel[selStatus]) != statusError {
		return nil
	}
	c.api.Pool(func() { err = c.api.failure("command buffer", c.api.send.id(c.id, c.api.sel[selError])) })
	return err
}

// Times returns when a completed command buffer started and ended on the GPU,
// both since the machine was started.
func (c *CommandBuffer) Times() (start, end time.Duration) {
	return seconds(c.api.send.float(c.id, c.api.sel[selGPUStartTime])), seconds(c.api.send.float(c.id, c.api.sel[selGPUEndTime]))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
