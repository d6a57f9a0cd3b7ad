//go:build linux

package metalsim

import (
	"github.com/stretchr/testify/require"
)

// encoderViolations are about what an encoder is told.
var encoderViolations = map[string]wrong{
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
	"object of a wrong class": {"setBuffer:offset:atIndex:: a MTLDevice given where a MTLBuffer belongs", func(p *program) {
		encoder := p.encoder(p.commands())
		p.setBuffer(encoder, p.device, 0, 0)
		p.send(encoder, "endEncoding")
	}},
}
