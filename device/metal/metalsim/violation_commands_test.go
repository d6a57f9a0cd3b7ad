//go:build linux

package metalsim

import (
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// commandViolations are about command buffers.
var commandViolations = map[string]wrong{
	"commit with an open encoder": {"commit: an encoder of the command buffer is still open", func(p *program) {
		commands := p.commands()
		encoder := p.encoder(commands)
		p.send(commands, "commit")
		p.send(encoder, "endEncoding")
		p.run(commands)
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
	"MPS without retaining": {"an object that the command buffer uses was released, and it does not retain what it uses", func(p *program) {
		m := p.matrix(p.buffer(64), matrix{rows: 4, columns: 4, rowBytes: 16, kind: mpsFloat32})
		commands := p.commands()
		p.encodeProduct(p.product(false, false, 4, 4, 4, 1, 0), commands, m, m, m)
		require.Empty(p, p.run(commands))
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
}
