//go:build linux

package metalsim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// wrong is a program that goes wrong in one way. All else about it is right.
type wrong struct {
	want string // of the violation's text
	do   func(p *program)
}

// Each violation is seen, once, and nothing else is.
func TestViolations(t *testing.T) {
	for _, programs := range []map[string]wrong{
		commandViolations, encoderViolations, kernelViolations, memoryViolations, runtimeViolations,
	} {
		for name, c := range programs {
			t.Run(name, func(t *testing.T) {
				p := start(t)
				p.runtime.Pool(func() { c.do(p) })
				found := p.sim.Violations()
				require.Len(t, found, 1, "%q", found)
				require.Contains(t, found[0], c.want)
			})
		}
	}
}

// scaled encodes one dispatch of scale over 32 floats of x.
func (p *program) scaled(encoder, pipeline, x objc.ID) {
	p.send(encoder, "setComputePipelineState:", uintptr(pipeline))
	p.setBuffer(encoder, x, 0, 0)
	p.setFloats(encoder, 1, 2, 1)
	p.dispatch(encoder, 1, 32)
}
