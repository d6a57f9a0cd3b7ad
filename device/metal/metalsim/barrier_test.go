//go:build linux

package metalsim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// step is a dispatch of copy, 32 floats from one place to another, or, with
// from < 0, a barrier.
type step struct {
	from, fromOffset, to, toOffset int
}

var barrier = step{from: -1}

func TestBarriers(t *testing.T) {
	const half = 128 // bytes
	for name, c := range map[string]struct {
		steps []step
		want  string // "" if the program is correct
	}{
		"read after write": {
			[]step{{0, 0, 1, 0}, {1, 0, 2, 0}},
			"no memory barrier between dispatch 0 (copy) and dispatch 1 (copy), which depend on each other",
		},
		"with a barrier":        {[]step{{0, 0, 1, 0}, barrier, {1, 0, 2, 0}}, ""},
		"write after read":      {[]step{{1, 0, 2, 0}, {0, 0, 1, 0}}, "between dispatch 0 (copy) and dispatch 1 (copy)"},
		"write after write":     {[]step{{0, 0, 2, 0}, {1, 0, 2, 0}}, "between dispatch 0 (copy) and dispatch 1 (copy)"},
		"two readers":           {[]step{{0, 0, 1, 0}, {0, 0, 2, 0}}, ""},
		"two parts of a buffer": {[]step{{0, 0, 1, 0}, {0, 0, 1, half}}, ""},
		"parts that touch":      {[]step{{0, 0, 1, 0}, {1, half, 2, 0}}, ""},
		"parts that overlap":    {[]step{{0, 0, 1, 4}, {1, half, 2, 0}}, "between dispatch 0 (copy) and dispatch 1 (copy)"},
		"the pair among others": {[]step{{0, 0, 1, 0}, {0, 0, 1, half}, {1, half, 2, 0}, {0, half, 2, half}}, "between dispatch 1 (copy) and dispatch 2 (copy)"},
		"after a barrier":       {[]step{{0, 0, 2, 0}, barrier, {0, 0, 1, 0}, {1, 0, 2, 0}}, "between dispatch 0 (copy) and dispatch 1 (copy)"},
		"barrier at the wrong place": {
			[]step{{0, 0, 1, 0}, {1, 0, 2, 0}, barrier, {2, 0, 1, half}},
			"between dispatch 0 (copy) and dispatch 1 (copy)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			buffers := []objc.ID{p.buffer(2 * half), p.buffer(2 * half), p.buffer(2 * half)}
			for b, buffer := range buffers {
				for i := range p.floats(buffer) {
					p.floats(buffer)[i] = float32(1000*b + i)
				}
			}
			p.runtime.Pool(func() { require.Empty(t, p.run(p.encodeSteps(buffers, c.steps))) })
			found := p.sim.Violations()
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0], c.want)
		})
	}
}

func (p *program) encodeSteps(buffers []objc.ID, steps []step) (commands objc.ID) {
	commands = p.commands()
	encoder := p.encoder(commands)
	p.send(encoder, "setComputePipelineState:", uintptr(p.pipeline("copy", false)))
	for _, s := range steps {
		if s == barrier {
			p.send(encoder, "memoryBarrierWithScope:", 1)
			continue
		}
		p.setBuffer(encoder, buffers[s.from], uintptr(s.fromOffset), 0)
		p.setBuffer(encoder, buffers[s.to], uintptr(s.toOffset), 1)
		p.dispatch(encoder, 1, 32)
	}
	p.send(encoder, "endEncoding")
	return commands
}

// Also where a barrier is missing, the results are those of the encoded order.
func TestResultsWithoutABarrier(t *testing.T) {
	p := start(t)
	x, y, z := p.buffer(128), p.buffer(128), p.buffer(128)
	p.floats(x)[3] = 3
	p.runtime.Pool(func() {
		require.Empty(t, p.run(p.encodeSteps([]objc.ID{x, y, z}, []step{{0, 0, 1, 0}, {1, 0, 2, 0}})))
	})
	require.Equal(t, float32(3), p.floats(z)[3])
	require.Len(t, p.sim.Violations(), 1)
}

// A serial encoder needs no barriers.
func TestSerialEncoder(t *testing.T) {
	p := start(t)
	x, y := p.buffer(128), p.buffer(128)
	p.floats(x)[3] = 3
	pipeline := p.pipeline("copy", false)
	p.runtime.Pool(func() {
		commands := p.commands()
		encoder := p.send(commands, "computeCommandEncoder")
		p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
		p.setBuffer(encoder, x, 0, 0)
		p.setBuffer(encoder, y, 0, 1)
		p.dispatch(encoder, 1, 32)
		p.setBuffer(encoder, y, 0, 0)
		p.setBuffer(encoder, x, 0, 1)
		p.dispatch(encoder, 1, 32)
		p.send(encoder, "endEncoding")
		require.Empty(t, p.run(commands))
	})
	require.Equal(t, float32(3), p.floats(y)[3])
}
