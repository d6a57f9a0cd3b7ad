//go:build darwin || linux

package mtl

import (
	"context"
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// simulator returns the simulated Metal; what a test leaves there fails it.
func simulator(t *testing.T) *metalsim.Simulator {
	s, err := metalsim.Load(context.Background())
	if err != nil {
		if os.Getenv("REQUIRE_CLANG") != "" {
			t.Fatalf("REQUIRE_CLANG is set: %v", err)
		}
		t.Skipf("NOT TESTED: %v; apt-get install clang-19", err)
	}
	s.Heal()
	s.SetMachine(metalsim.DefaultMachine())
	s.Violations()
	before := s.Live()
	t.Cleanup(func() {
		s.Heal()
		require.Empty(t, s.Violations())
		require.Equal(t, before, s.Live())
		require.Zero(t, objc.PendingBlocks())
	})
	return s
}

// rig is a device with a queue and kernels.
type rig struct {
	*testing.T
	*metalsim.Simulator
	api     *API
	device  *Device
	queue   Queue
	shaders Library
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, Simulator: simulator(t)}
	var err error
	r.api, err = Load(One(r.Path()))
	require.NoError(t, err)
	r.device, err = r.api.DefaultDevice()
	require.NoError(t, err)
	t.Cleanup(r.device.Release)
	r.queue, err = r.device.NewQueue()
	require.NoError(t, err)
	t.Cleanup(r.queue.Release)
	r.shaders, err = r.device.NewLibrary(shaders)
	require.NoError(t, err)
	t.Cleanup(r.shaders.Release)
	return r
}

func (r *rig) pipeline(name string, constants ...Constant) *Pipeline {
	p, err := r.device.NewPipeline(r.shaders, name, constants)
	require.NoError(r, err)
	r.Cleanup(p.Release)
	return p
}

func (r *rig) buffer(n int) (Buffer, []float32) {
	b, err := r.device.NewBuffer(4 * n)
	require.NoError(r, err)
	r.Cleanup(b.Release)
	return b, unsafe.Slice((*float32)(b.Contents()), n)
}

// run encodes, commits, waits for the handler and releases the commands.
func (r *rig) run(encode func(c *CommandBuffer)) error {
	return r.runIn(r.queue.NewCommandBuffer, encode)
}

func (r *rig) runIn(open func() (*CommandBuffer, error), encode func(c *CommandBuffer)) error {
	var c *CommandBuffer
	done := make(chan struct{})
	r.api.Pool(func() {
		var err error
		c, err = open()
		require.NoError(r, err)
		encode(c)
		c.Commit(func() { close(done) })
	})
	<-done
	defer c.Release()
	start, end := c.Times()
	require.GreaterOrEqual(r, end, start)
	return c.Err()
}

// compute is run with one encoder.
func (r *rig) compute(encode func(e *Encoder)) error {
	return r.run(func(c *CommandBuffer) {
		e, err := c.NewEncoder()
		require.NoError(r, err)
		encode(e)
		e.End()
	})
}

const shaders = `#include <metal_stdlib>
using namespace metal;

constant bool negate [[function_constant(0)]];
constant uint add [[function_constant(1)]];
constant int less [[function_constant(2)]];
constant float factor [[function_constant(3)]];

kernel void scale(device float* x [[buffer(0)]], constant float& by [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  float v = by * factor * x[i] + float(add) + float(less);
  x[i] = negate ? -v : v;
}

kernel void twice(device const float* from [[buffer(0)]], device float* to [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  to[i] = 2.0f * from[i];
}

kernel void sizes(device float* x [[buffer(0)]], threadgroup float* t [[threadgroup(0)]],
                  uint3 groups [[threadgroups_per_grid]], uint3 threads [[threads_per_threadgroup]],
                  uint i [[thread_index_in_threadgroup]], uint3 group [[threadgroup_position_in_grid]]) {
  t[i] = float(i);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint count = threads.x * threads.y * threads.z;
  if (i == 0 && group.x == 0 && group.y == 0 && group.z == 0) {
    x[0] = groups.x; x[1] = groups.y; x[2] = groups.z;
    x[3] = threads.x; x[4] = threads.y; x[5] = threads.z;
    x[6] = t[count - 1];
  }
}
`

func one(n uint) Size { return Size{Width: n, Height: 1, Depth: 1} }

func bytesOf(f float32) []byte {
	return (*[4]byte)(unsafe.Pointer(&f))[:]
}
