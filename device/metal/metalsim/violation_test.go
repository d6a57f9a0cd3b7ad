//go:build linux

package metalsim

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// pages returns memory that starts at a multiple of 16 KiB, as uintptr since
// the tests bend it.
func pages(t *testing.T, bytes int) uintptr {
	const page = 16 << 10
	memory := make([]byte, bytes+page)
	t.Cleanup(func() { runtime.KeepAlive(memory) })
	return (uintptr(unsafe.Pointer(&memory[0])) + page - 1) / page * page
}

// scaled encodes one dispatch of scale over 32 floats of x.
func (p *program) scaled(encoder, pipeline, x objc.ID) {
	p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
	p.setBuffer(encoder, x, 0, 0)
	p.setFloats(encoder, 1, 2, 1)
	p.dispatch(encoder, 1, 32)
}

// Each program goes wrong in one way, which is seen once. All else about it is
// right.
func TestViolations(t *testing.T) {
	for name, c := range map[string]struct {
		want string
		do   func(p *program)
	}{
		"commit with an open encoder": {"commit: an encoder of the command buffer is still open", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(commands, "commit")
			p.send(encoder, "endEncoding")
			p.run(commands)
		}},
		"encoder used after its end": {"setComputePipelineState: after endEncoding", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "endEncoding")
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("copy", false)))
		}},
		"encoder ended twice": {"endEncoding after endEncoding", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "endEncoding")
			p.send(encoder, "endEncoding")
		}},
		"encoder not ended": {"MTLComputeCommandEncoder released without endEncoding", func(p *program) {
			p.encoder(p.commands())
		}},
		"second encoder": {"computeCommandEncoder: another encoder of the command buffer is still open", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			require.Zero(p, p.encoder(commands))
			p.send(encoder, "endEncoding")
		}},
		"buffer not bound": {"buffer 0 (x) is not bound", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("scale", false)))
			p.setFloats(encoder, 1, 2, 1)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"threadgroup memory not bound": {"threadgroup memory 0 (t) has no length", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("reverse", false)))
			p.setBuffer(encoder, p.buffer(128), 0, 0)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"bytes too short": {"buffer 1 (ab) has 4 bytes", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("scale", false)))
			p.setBuffer(encoder, p.buffer(128), 0, 0)
			p.setFloats(encoder, 1, 2)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			p.run(commands)
		}},
		"kernel reads behind bytes": {"kernel copy accessed memory behind the bytes of from", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("copy", false)))
			p.setFloats(encoder, 0, make([]float32, 28)...)
			p.setBuffer(encoder, p.buffer(128), 0, 1)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"bytes that are written": {"argument x of scale can be written, but was set with setBytes", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("scale", false)))
			p.setFloats(encoder, 0, make([]float32, 32)...)
			p.setFloats(encoder, 1, 2, 1)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			p.run(commands)
		}},
		"kernel writes beyond": {"kernel beyond wrote behind the end of the buffer of x", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("beyond", false)))
			p.setBuffer(encoder, p.buffer(128), 0, 0)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"kernel writes far beyond": {"kernel beyond accessed memory 0 bytes behind the end of the buffer of x", func(p *program) {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("beyond", false)))
			p.setBuffer(encoder, p.buffer(16<<10), (16<<10)-128, 0)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"kernel whose memory is gone": {"kernel beyond accessed memory", func(p *program) {
			memory, err := syscall.Mmap(-1, 0, 64<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
			require.NoError(p, err)
			start := (uintptr(unsafe.Pointer(&memory[0])) + 16383) / 16384 * 16384
			x := p.own(p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", start, 16<<10, 0, 0))
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("beyond", false)))
			p.setBuffer(encoder, x, 0, 0)
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
			require.NoError(p, syscall.Munmap(memory))
			require.Contains(p, p.run(commands), "PageFault")
		}},
		"no pipeline": {"dispatchThreadgroups:threadsPerThreadgroup:: no pipeline is set", func(p *program) {
			encoder := p.encoder(p.commands())
			p.dispatch(encoder, 1, 32)
			p.send(encoder, "endEncoding")
		}},
		"too many threads": {"1025x1x1 threads per threadgroup; the limit of copy is 1024", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("copy", false)))
			p.dispatch(encoder, 1, 1025)
			p.send(encoder, "endEncoding")
		}},
		"more threads than the pipeline takes": {"512x1x1 threads per threadgroup; the limit of copy is 256", func(p *program) {
			m := DefaultMachine()
			m.MaxThreads = 256
			p.sim.SetMachine(m)
			pipeline := p.pipeline("copy", false)
			require.EqualValues(p, 256, p.send(pipeline, "maxTotalThreadsPerThreadgroup"))
			encoder := p.encoder(p.commands())
			p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
			p.dispatch(encoder, 1, 512)
			p.send(encoder, "endEncoding")
		}},
		"empty grid": {"empty grid of 0x1x1 threadgroups", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("copy", false)))
			p.dispatch(encoder, 0, 32)
			p.send(encoder, "endEncoding")
		}},
		"commit twice": {"commit: the command buffer is already committed", func(p *program) {
			commands := p.commands()
			require.Empty(p, p.run(commands))
			p.send(commands, "commit")
		}},
		"encoder after commit": {"computeCommandEncoder: the command buffer is already committed", func(p *program) {
			commands := p.commands()
			require.Empty(p, p.run(commands))
			require.Zero(p, p.encoder(commands))
		}},
		"handler after commit": {"addCompletedHandler:: the command buffer is already committed", func(p *program) {
			commands := p.commands()
			require.Empty(p, p.run(commands))
			block := p.runtime.NewBlock(func(objc.ID) {})
			p.sendBlock(commands, p.runtime.Sel("addCompletedHandler:"), block)
			block.Drop()
		}},
		"wait before commit": {"waitUntilCompleted: the command buffer is not committed", func(p *program) {
			p.send(p.commands(), "waitUntilCompleted")
		}},
		"released before commit": {"an object that the command buffer uses was released", func(p *program) {
			x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
			commands := p.commands()
			encoder := p.encoder(commands)
			p.scaled(encoder, p.pipeline("scale", false), x)
			p.send(encoder, "endEncoding")
			p.send(x, "release")
			require.Empty(p, p.run(commands))
		}},
		"pipeline released in flight": {"MTLComputePipelineState released before the command buffer that uses it completed", func(p *program) {
			library, _ := p.library(shaders)
			pipeline, _ := p.pipelineOf(library, "copy", nil)
			p.send(library, "release") // a pipeline does not need its library
			commands := p.commands()
			encoder := p.encoder(commands)
			p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
			p.send(encoder, "endEncoding")
			p.sim.Hang()
			p.send(commands, "commit")
			p.sim.WaitHanging(1)
			p.send(pipeline, "release")
			p.sim.Release()
			p.send(commands, "waitUntilCompleted")
		}},
		"released while in flight": {`MTLBuffer "weights" released before the command buffer that uses it completed`, func(p *program) {
			x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
			p.send(x, "setLabel:", p.str("weights"))
			commands := p.commands()
			encoder := p.encoder(commands)
			p.scaled(encoder, p.pipeline("scale", false), x)
			p.send(encoder, "endEncoding")
			p.sim.Hang()
			p.send(commands, "commit")
			p.sim.WaitHanging(1)
			p.send(x, "release")
			p.sim.Release()
			p.send(commands, "waitUntilCompleted")
		}},
		"memory taken back in flight": {"MTLBuffer released before the command buffer that uses it completed", func(p *program) {
			x := p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", pages(p.T, 16<<10), 16<<10, 0, 0)
			commands := p.commands()
			encoder := p.encoder(commands)
			p.scaled(encoder, p.pipeline("scale", false), x)
			p.send(encoder, "endEncoding")
			p.sim.Hang()
			p.send(commands, "commit")
			p.sim.WaitHanging(1)
			p.send(x, "release")
			p.sim.Release()
			p.send(commands, "waitUntilCompleted")
			require.EqualValues(p, 5, p.send(commands, "status"))
		}},
		"too many bytes": {"setBytes:length:atIndex:: 4100 bytes; allowed are 1 to 4096", func(p *program) {
			encoder := p.encoder(p.commands())
			p.setFloats(encoder, 1, make([]float32, 1025)...)
			p.send(encoder, "endEncoding")
		}},
		"no bytes": {"setBytes:length:atIndex:: 0 bytes", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "setBytes:length:atIndex:", pages(p.T, 1), 0, 1)
			p.send(encoder, "endEncoding")
		}},
		"index too large": {"setBuffer:offset:atIndex:: index 31; the largest is 30", func(p *program) {
			encoder := p.encoder(p.commands())
			p.setBuffer(encoder, p.buffer(128), 0, 31)
			p.send(encoder, "endEncoding")
		}},
		"offset too large": {"setBuffer:offset:atIndex:: offset 128 of a buffer of 128 bytes", func(p *program) {
			encoder := p.encoder(p.commands())
			p.setBuffer(encoder, p.buffer(128), 128, 0)
			p.send(encoder, "endEncoding")
		}},
		"threadgroup memory too large": {"setThreadgroupMemoryLength:atIndex:: 32784 bytes; it has to be a multiple of 16, at most 32768", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 32784, 0)
			p.send(encoder, "endEncoding")
		}},
		"threadgroup memory no multiple of 16": {"setThreadgroupMemoryLength:atIndex:: 24 bytes; it has to be a multiple of 16", func(p *program) {
			encoder := p.encoder(p.commands())
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 24, 0)
			p.send(encoder, "endEncoding")
		}},
		"MPS beside an encoder": {"encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:: another encoder of the command buffer is still open", func(p *program) {
			m := p.matrix(p.buffer(16), matrix{rows: 2, columns: 2, rowBytes: 8, kind: mpsFloat32})
			product := p.product(false, false, 2, 2, 2, 1, 0)
			commands := p.commands()
			encoder := p.encoder(commands)
			p.encodeProduct(product, commands, m, m, m)
			p.send(encoder, "endEncoding")
			p.run(commands)
		}},
		"no pool": {"NSString autoreleased with no pool in place: it leaks", func(p *program) {
			pool := p.push() // so that what leaks can be released
			p.pop(pool)
			leaked := make(chan objc.ID)
			go func() { leaked <- p.send(p.device, "name") }()
			p.send(<-leaked, "release")
		}},
		"pools out of order": {"autorelease pools popped out of order", func(p *program) {
			outer := p.push()
			p.push()
			p.pop(outer)
		}},
		"pool popped twice": {"autorelease pool popped that is not open", func(p *program) {
			pool := p.push()
			p.pop(pool)
			p.pop(pool)
		}},
		"pool of another thread": {"autorelease pool popped on another thread", func(p *program) {
			pool := p.push()
			done := make(chan bool)
			go func() { // the test holds its own thread
				p.pop(pool)
				close(done)
			}()
			<-done
			p.pop(pool)
		}},
		"unknown selector": {"unrecognized selector -[MTLDevice endEncoding]", func(p *program) {
			require.Zero(p, p.send(p.device, "endEncoding"))
		}},
		"unknown selector of a class": {"unrecognized selector +[NSString length]", func(p *program) {
			p.send(p.runtime.Class("NSString"), "length")
		}},
		"message to a released object": {"message length sent to a released MTLBuffer", func(p *program) {
			x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
			p.send(x, "release")
			p.send(x, "length")
		}},
		"released too often": {"message release sent to a released MTLBuffer", func(p *program) {
			x := p.send(p.device, "newBufferWithLength:options:", 128, 0)
			p.send(x, "release")
			p.send(x, "release")
		}},
		"message to no object": {"which is no object", func(p *program) {
			p.send(objc.ID(pages(p.T, 64)), "length")
		}},
		"object of a wrong class": {"setBuffer:offset:atIndex:: a MTLDevice given where a MTLBuffer belongs", func(p *program) {
			encoder := p.encoder(p.commands())
			p.setBuffer(encoder, p.device, 0, 0)
			p.send(encoder, "endEncoding")
		}},
		"memory off the page": {"newBufferWithBytesNoCopy:length:options:deallocator:", func(p *program) {
			require.Zero(p, p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", pages(p.T, 32<<10)+4096, 16<<10, 0, 0))
		}},
		"length off the page": {"multiples of the page size 16384", func(p *program) {
			require.Zero(p, p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", pages(p.T, 16<<10), 4096, 0, 0))
		}},
		"empty buffer": {"newBufferWithLength:options:: length 0", func(p *program) {
			require.Zero(p, p.send(p.device, "newBufferWithLength:options:", 0, 0))
		}},
		"too many command buffers": {"more than 64 command buffers of a queue are not completed", func(p *program) {
			for range 65 {
				p.commands()
			}
		}},
		"handler leaves a pool": {"a handler left an autorelease pool open", func(p *program) {
			commands := p.commands()
			block := p.runtime.NewBlock(func(objc.ID) { p.push() })
			p.sendBlock(commands, p.runtime.Sel("addCompletedHandler:"), block)
			p.run(commands)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			p.runtime.Pool(func() { c.do(p) })
			found := p.sim.Violations()
			require.Len(t, found, 1, "%q", found)
			require.Contains(t, found[0], c.want)
		})
	}
}
