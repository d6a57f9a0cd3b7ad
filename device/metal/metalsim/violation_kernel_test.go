//go:build linux

package metalsim

import (
	"syscall"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// kernelViolations show when a kernel runs.
var kernelViolations = map[string]wrong{
	"buffer not bound": {"buffer 0 (x) is not bound", func(p *program) {
		require.Contains(p, p.runKernel("scale", func(encoder objc.ID) {
			p.setFloats(encoder, 1, 2, 1)
		}), "PageFault")
	}},
	"threadgroup memory not bound": {"threadgroup memory 0 (t) has no length", func(p *program) {
		require.Contains(p, p.runKernel("reverse", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(128), 0, 0)
		}), "PageFault")
	}},
	"bytes too short": {"buffer 1 (ab) has 4 bytes", func(p *program) {
		p.runKernel("scale", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(128), 0, 0)
			p.setFloats(encoder, 1, 2)
		})
	}},
	"kernel reads behind bytes": {"kernel copy accessed memory behind the bytes of from", func(p *program) {
		require.Contains(p, p.runKernel("copy", func(encoder objc.ID) {
			p.setFloats(encoder, 0, make([]float32, 28)...)
			p.setBuffer(encoder, p.buffer(128), 0, 1)
		}), "PageFault")
	}},
	"bytes that are written": {"argument x of scale can be written, but was set with setBytes", func(p *program) {
		p.runKernel("scale", func(encoder objc.ID) {
			p.setFloats(encoder, 0, make([]float32, 32)...)
			p.setFloats(encoder, 1, 2, 1)
		})
	}},
	"kernel writes beyond": {"kernel beyond wrote behind the end of the buffer of x", func(p *program) {
		require.Contains(p, p.runKernel("beyond", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(128), 0, 0)
		}), "PageFault")
	}},
	"kernel writes far beyond": {"kernel beyond accessed memory 0 bytes behind the end of the buffer of x", func(p *program) {
		require.Contains(p, p.runKernel("beyond", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(16<<10), (16<<10)-128, 0)
		}), "PageFault")
	}},
	"barrier missed": {"threadgroup_barrier reached by 16 of 32 threads", func(p *program) {
		p.runKernel("divergent", func(encoder objc.ID) { p.setBuffer(encoder, p.buffer(128), 0, 0) })
	}},
	"misaligned": {"buffer 0 (x) is not aligned to 16 bytes", func(p *program) {
		p.runKernel("wide", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(1024), 8, 0)
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 16, 0)
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 16, 1)
		})
	}},
	"too much threadgroup memory in all": {"32784 bytes of threadgroup memory for wide; the limit is 32768", func(p *program) {
		p.runKernel("wide", func(encoder objc.ID) {
			p.setBuffer(encoder, p.buffer(1024), 0, 0)
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 32768, 0)
			p.send(encoder, "setThreadgroupMemoryLength:atIndex:", 16, 1)
		})
	}},
	"kernel whose memory is gone": {"kernel beyond accessed memory", func(p *program) {
		memory, err := syscall.Mmap(-1, 0, 64<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		require.NoError(p, err)
		start := (uintptr(unsafe.Pointer(&memory[0])) + 16383) / 16384 * 16384
		x := p.own(p.send(p.device, "newBufferWithBytesNoCopy:length:options:deallocator:", start, 16<<10, 0, 0))
		// Not given back, or another mapping, Go's heap at that, could be written instead.
		require.NoError(p, syscall.Mprotect(memory, syscall.PROT_NONE))
		p.Cleanup(func() { require.NoError(p, syscall.Munmap(memory)) })
		require.Contains(p, p.runKernel("beyond", func(encoder objc.ID) {
			p.setBuffer(encoder, x, 0, 0)
		}), "PageFault")
	}},
}

// runKernel runs a kernel in one threadgroup of 32. bind binds its arguments.
func (p *program) runKernel(name string, bind func(encoder objc.ID)) (text string) {
	commands := p.commands()
	encoder := p.encoder(commands)
	p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline(name, false)))
	bind(encoder)
	p.dispatch(encoder, 1, 32)
	p.send(encoder, "endEncoding")
	return p.run(commands)
}
