//go:build linux

package metalsim

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// A driver's day, through the driver's own bindings: nothing about it is
// against the rules, and it leaves nothing behind.
func TestOrderlyProgram(t *testing.T) {
	sim := load(t)
	before := sim.Live()
	api, err := mtl.Load(mtl.One(sim.Path()))
	require.NoError(t, err)
	device, err := api.DefaultDevice()
	require.NoError(t, err)
	queue, err := device.NewQueue()
	require.NoError(t, err)
	library, err := device.NewLibrary(shaders)
	require.NoError(t, err)
	scale, err := device.NewPipeline(library, "scale", []mtl.Constant{{Index: 0, Value: true}})
	require.NoError(t, err)
	copying, err := device.NewPipeline(library, "copy", nil)
	require.NoError(t, err)
	x, err := device.NewBuffer(4 * 64)
	require.NoError(t, err)
	y, err := device.NewBuffer(4 * 64)
	require.NoError(t, err)
	floats(x)[1] = 5

	var commands *mtl.CommandBuffer
	done := make(chan struct{})
	api.Pool(func() {
		commands, err = queue.NewCommandBuffer()
		require.NoError(t, err)
		scaleAndCopy(t, commands, scale, copying, x, y)
		commands.Commit(func() { close(done) })
	})
	<-done
	require.NoError(t, commands.Err())
	require.Equal(t, []float32{-11, -1}, floats(y)[:2])
	require.Zero(t, objc.PendingBlocks())

	for _, o := range []interface{ Release() }{commands, x, y, scale, copying, library, queue, device} {
		o.Release()
	}
	require.Empty(t, sim.Violations())
	require.Equal(t, before, sim.Live())
}

// scaleAndCopy encodes y = -(2*x + 1), one float further.
func scaleAndCopy(t *testing.T, commands *mtl.CommandBuffer, scale, copying *mtl.Pipeline, x, y mtl.Buffer) {
	e, err := commands.NewEncoder()
	require.NoError(t, err)
	e.SetPipeline(scale)
	e.SetBuffer(x, 0, 0)
	e.SetBytes([]byte{0, 0, 0, 0x40, 0, 0, 0x80, 0x3f}, 1) // 2, 1
	e.Dispatch(mtl.Size{Width: 2, Height: 1, Depth: 1}, mtl.Size{Width: 32, Height: 1, Depth: 1})
	e.Barrier()
	e.SetPipeline(copying)
	e.SetBuffer(x, 4, 0)
	e.SetBuffer(y, 0, 1)
	e.Dispatch(mtl.Size{Width: 1, Height: 1, Depth: 1}, mtl.Size{Width: 32, Height: 1, Depth: 1})
	e.End()
}

func floats(b mtl.Buffer) []float32 { return floatsAt(b.Contents(), b.Len()) }

// Handlers run on threads of the library, in order of completion.
func TestHandlersRunOnAnotherThread(t *testing.T) {
	p := start(t)
	var inside atomic.Bool // while the committing thread is busy
	inside.Store(true)
	order := make(chan int, 3)
	p.runtime.Pool(func() { // this goroutine keeps its thread
		for i := range 3 {
			commands := p.commands()
			block := p.runtime.NewBlock(func(completed objc.ID) {
				require.Equal(t, commands, completed)
				require.True(t, inside.Load())
				order <- i
			})
			p.sendBlock(commands, p.runtime.Sel("addCompletedHandler:"), block)
			p.send(commands, "commit")
		}
		for i := range 3 {
			require.Equal(t, i, <-order) // would never come from this thread
		}
		inside.Store(false)
	})
}

// A command buffer that retains what it uses lets the program forget it.
func TestRetainingCommandBuffer(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
		commands := p.own(p.send(p.send(p.queue, "commandBuffer"), "retain"))
		encoder := p.encoder(commands)
		p.scaled(encoder, p.pipeline("scale", false), x)
		p.send(encoder, "endEncoding")
		p.send(x, "release")
		require.Empty(t, p.run(commands))
	})
}

// A command buffer that is dropped before commit has no say about what it used.
func TestDroppedCommandBuffer(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
		encoder := p.encoder(p.send(p.queue, "commandBufferWithUnretainedReferences"))
		p.scaled(encoder, p.pipeline("scale", false), x)
		p.send(encoder, "endEncoding")
		p.send(x, "release")
	})
}

func TestMemoryOfTheProgram(t *testing.T) {
	p := start(t)
	memory := pages(t, 16<<10)
	x := p.own(p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", memory, 16<<10, 0, 0))
	require.EqualValues(t, memory, p.send(x, "contents"))
	p.floats(x)[0] = 3
	p.runtime.Pool(func() {
		commands := p.commands()
		encoder := p.encoder(commands)
		p.scaled(encoder, p.pipeline("scale", true), x)
		p.send(encoder, "endEncoding")
		require.Empty(t, p.run(commands))
	})
	require.Equal(t, []float32{-7, -1}, p.floats(x)[:2])
}

// Threadgroup memory and barriers work under every schedule.
func TestSchedules(t *testing.T) {
	for _, schedule := range []Schedule{Forward, Reverse, Random(1), Random(2)} {
		p := start(t)
		p.sim.SetSchedule(schedule)
		x := p.buffer(4 * 64)
		for i := range p.floats(x) {
			p.floats(x)[i] = float32(i)
		}
		p.runtime.Pool(func() {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("reverse", false)))
			p.setBuffer(encoder, x, 0, 0)
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 4*64, 0)
			p.dispatch(encoder, 1, 64)
			p.send(encoder, "endEncoding")
			require.Empty(t, p.run(commands))
		})
		for i, v := range p.floats(x) {
			require.Equal(t, float32(63-i), v)
		}
	}
}

func TestBlit(t *testing.T) {
	p := start(t)
	x, y := p.buffer(16), p.buffer(16)
	copy(p.floats(x), []float32{1, 2, 3, 4})
	p.runtime.Pool(func() {
		commands := p.commands()
		encoder := p.send(commands, "blitCommandEncoder")
		p.send(encoder, "fillBuffer:range:value:", uintptr(y), 0, 16, 0)
		p.send(encoder, "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:", uintptr(x), 4, uintptr(y), 8, 8)
		p.send(encoder, "endEncoding")
		require.Empty(t, p.run(commands))
	})
	require.Equal(t, []float32{0, 0, 2, 3}, p.floats(y))
}

// Queues run side by side: one hangs, the other goes on.
func TestQueuesSideBySide(t *testing.T) {
	p := start(t)
	other := p.own(p.send(p.device, "newCommandQueue"))
	p.runtime.Pool(func() {
		p.sim.Hang()
		hanging := p.commands()
		p.send(hanging, "commit")
		p.sim.WaitHanging(1)
		commands := p.own(p.send(p.send(other, "commandBuffer"), "retain"))
		require.Empty(t, p.run(commands))
		require.Less(t, p.send(hanging, "status"), objc.ID(4))
		p.sim.Release()
		p.send(hanging, "waitUntilCompleted")
		require.EqualValues(t, 4, p.send(hanging, "status"))
	})
}

// GPU times are there, and in order.
func TestTimes(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		commands := p.commands()
		require.Empty(t, p.run(commands))
		begin := p.sendFloat(commands, p.runtime.Sel("GPUStartTime"))
		end := p.sendFloat(commands, p.runtime.Sel("GPUEndTime"))
		require.Positive(t, begin)
		require.GreaterOrEqual(t, end, begin)
		require.Less(t, end-begin, time.Hour.Seconds())
	})
}
