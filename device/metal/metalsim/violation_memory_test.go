//go:build linux

package metalsim

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// memoryViolations are about buffers and how long they live.
var memoryViolations = map[string]wrong{
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
		library, _ := p.newLibrary(shaders)
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
	"odd copy": {"all have to be multiples of 4", func(p *program) {
		encoder := p.send(p.commands(), "blitCommandEncoder")
		p.send(encoder, "fillBuffer:range:value:", uintptr(p.buffer(16)), 2, 4, 0)
		p.send(encoder, "endEncoding")
	}},
	"copy too long": {"32 bytes at 0 of a buffer of 16", func(p *program) {
		encoder := p.send(p.commands(), "blitCommandEncoder")
		p.send(encoder, "fillBuffer:range:value:", uintptr(p.buffer(16)), 0, 32, 0)
		p.send(encoder, "endEncoding")
	}},
	"contents of private storage": {"contents of a buffer with private storage", func(p *program) {
		x := p.own(p.send(p.device, "newBufferWithLength:options:", 16, 2<<4))
		require.Zero(p, p.send(x, "contents"))
	}},
	"untracked": {"the simulator knows no untracked buffers", func(p *program) {
		p.own(p.send(p.device, "newBufferWithLength:options:", 16, 1<<8))
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
}

// pages returns memory that starts at a multiple of 16 KiB, as uintptr since
// the tests bend it.
func pages(t *testing.T, bytes int) uintptr {
	const page = 16 << 10
	memory := make([]byte, bytes+page)
	t.Cleanup(func() { runtime.KeepAlive(memory) })
	return (uintptr(unsafe.Pointer(&memory[0])) + page - 1) / page * page
}
