//go:build linux

package metalsim

import (
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// runtimeViolations are about messages, objects and pools.
var runtimeViolations = map[string]wrong{
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
}
