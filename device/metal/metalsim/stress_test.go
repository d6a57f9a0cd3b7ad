//go:build linux

package metalsim

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// Many goroutines, each with a queue, at once: everything that is not theirs
// alone may be used by all.
func TestManyQueues(t *testing.T) {
	p := start(t)
	pipeline := p.pipeline("copy", false)
	source := p.buffer(128)
	p.floats(source)[7] = 7
	var all sync.WaitGroup
	for range 8 {
		queue := p.own(p.send(p.device, "newCommandQueue"))
		target := p.buffer(128)
		all.Go(func() {
			for range 50 {
				p.copyOnce(queue, pipeline, source, target)
			}
			if p.floats(target)[7] != 7 {
				t.Error("not copied")
			}
		})
	}
	all.Wait()
	require.Empty(t, p.sim.Violations())
}

// copyOnce runs a kernel and waits for its handler. It makes and releases an
// object of each kind.
func (p *program) copyOnce(queue, pipeline, source, target objc.ID) {
	done := make(chan struct{})
	p.runtime.Pool(func() {
		scratch := p.send(p.device, "newBufferWithLength:options:", 64, 0)
		defer p.send(scratch, "release")
		commands := p.send(queue, "commandBufferWithUnretainedReferences")
		encoder := p.encoder(commands)
		p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
		p.setBuffer(encoder, source, 0, 0)
		p.setBuffer(encoder, target, 0, 1)
		p.dispatch(encoder, 1, 32)
		p.send(encoder, "endEncoding")
		block := p.runtime.NewBlock(func(objc.ID) { close(done) })
		p.sendBlock(commands, p.runtime.Sel("addCompletedHandler:"), block)
		p.send(commands, "commit")
	})
	<-done
}
