//go:build linux

package metalsim

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// scrambler sends messages that mostly make no sense.
type scrambler struct {
	*program
	random  *rand.Rand
	objects []objc.ID // alive or not
}

func (s *scrambler) any() objc.ID { return s.objects[s.random.IntN(len(s.objects))] }

func (s *scrambler) keep(o objc.ID) {
	if o != 0 {
		s.objects = append(s.objects, o)
	}
}

// step sends one message to one of the objects.
func (s *scrambler) step() {
	number := func() uintptr { return []uintptr{0, 1, 2, 16, 31, 64, 128, 4096, 1 << 20}[s.random.IntN(9)] }
	switch s.random.IntN(19) {
	case 0:
		s.keep(s.send(s.device, "newBufferWithLength:options:", number(), number()))
	case 1, 2, 3:
		s.keep(s.send(s.queue, "commandBufferWithUnretainedReferences"))
	case 4:
		s.keep(s.send(s.queue, "commandBuffer"))
	case 5, 6:
		s.keep(s.send(s.any(), "computeCommandEncoderWithDispatchType:", number()))
	case 7:
		s.keep(s.send(s.any(), "blitCommandEncoder"))
	case 8, 9:
		s.send(s.any(), "setComputePipelineState:", uintptr(s.any()))
	case 10, 11:
		s.setBuffer(s.any(), s.any(), number(), number()%3)
	case 12:
		s.setFloats(s.any(), number()%3, make([]float32, 64)...)
	case 13:
		s.dispatch(s.any(), 1+number()%2, number()%64)
	case 14:
		s.send(s.any(), "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:", uintptr(s.any()), number(), uintptr(s.any()), number(), number())
	case 15:
		s.send(s.any(), []string{"memoryBarrierWithScope:", "length", "status", "retain"}[s.random.IntN(4)], 1)
	case 16:
		s.send(s.any(), "endEncoding")
	case 17:
		s.send(s.any(), "commit")
	default:
		s.send(s.any(), "release")
	}
}

// Whatever is sent, the simulator survives; afterwards it works as before. What
// these programs forget to release stays.
func TestRandomMessages(t *testing.T) {
	s := &scrambler{program: &program{T: t, sim: load(t)}}
	s.bind()
	s.device = s.createDevice()
	pipeline := s.pipeline("copy", false)
	for seed := range uint64(200) {
		s.random = rand.New(rand.NewPCG(seed, 0))
		s.queue = s.send(s.device, "newCommandQueue")
		s.objects = []objc.ID{pipeline, s.device, s.queue}
		s.runtime.Pool(func() {
			for _, o := range s.objects {
				for range 300 {
					s.send(o, "retain") // so that it stays
				}
			}
			for range 300 {
				s.step()
			}
			s.run(s.send(s.queue, "commandBuffer")) // those before it have completed
		})
		require.NotEmpty(t, s.sim.Violations())
	}

	p := start(t)
	x, y := p.buffer(128), p.buffer(128)
	p.floats(x)[3] = 3
	p.runtime.Pool(func() {
		require.Empty(t, p.run(p.encodeSteps([]objc.ID{x, y}, []step{{0, 0, 1, 0}})))
	})
	require.Equal(t, float32(3), p.floats(y)[3])
}
