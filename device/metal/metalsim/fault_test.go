//go:build linux

package metalsim

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

func TestFail(t *testing.T) {
	p := start(t)
	newBuffer := func() objc.ID { return p.send(p.device, "newBufferWithLength:options:", 16, 0) }
	p.sim.Fail(NoBuffer, 2)
	require.Zero(t, newBuffer())
	require.Zero(t, newBuffer())
	p.own(newBuffer())

	p.sim.Fail(NoQueue, Always)
	require.Zero(t, p.send(p.device, "newCommandQueue"))
	require.Zero(t, p.send(p.device, "newCommandQueue"))
	p.sim.Heal()
	p.own(p.send(p.device, "newCommandQueue"))

	p.sim.Fail(NoDevice, 1)
	require.Zero(t, p.createDevice())
	p.sim.Fail(NoDevices, 1)
	require.Zero(t, p.send(p.own(p.copyDevices()), "firstObject"))
	p.sim.Fail(NoMPS, 1)
	require.False(t, p.mpsSupports(p.device))
	require.True(t, p.mpsSupports(p.device))
	p.sim.Fail(NoCommandBuffer, 1)
	require.Zero(t, p.send(p.queue, "commandBuffer"))
}

func TestFailToCompile(t *testing.T) {
	p := start(t)
	p.sim.Fail(NoLibrary, 1)
	library, text := p.newLibrary(shaders)
	require.Zero(t, library)
	require.Contains(t, text, "Internal error")

	library, _ = p.newLibrary(shaders)
	p.own(library)
	p.sim.Fail(NoPipeline, 1)
	pipeline, text := p.pipelineOf(library, "copy", nil)
	require.Zero(t, pipeline)
	require.Equal(t, "Compiler encountered an internal error", text)

	p.sim.Fail(NoResidencySet, 1)
	p.runtime.Pool(func() {
		descriptor := p.own(p.send(p.runtime.Class("MTLResidencySetDescriptor"), "new"))
		var failed objc.ID
		require.Zero(t, p.send(p.device, "newResidencySetWithDescriptor:error:", uintptr(descriptor), uintptr(unsafe.Pointer(&failed))))
		require.Equal(t, "Internal error", p.text(failed, "localizedDescription"))
	})
}

// The codes and texts of command buffers that fail are Metal's.
func TestFailCommand(t *testing.T) {
	p := start(t)
	for code, want := range map[Code]string{
		Internal:        "Internal Error (0000000e:Internal Error)",
		Timeout:         "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)",
		PageFault:       "Caused GPU Address Fault Error (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)",
		Ignored:         "Ignored (for causing prior/excessive GPU errors) (00000004:kIOGPUCommandBufferCallbackErrorSubmissionsIgnored)",
		OutOfMemory:     "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
		InvalidResource: "Invalid Resource (00000009:kIOGPUCommandBufferCallbackErrorInvalidResource)",
		NotPermitted:    "Insufficient Permission",
		DeviceRemoved:   "Device Removed",
	} {
		p.sim.FailCommand(code, 0)
		p.runtime.Pool(func() {
			commands := p.commands()
			require.Contains(t, p.run(commands), want)
			failed := p.send(commands, "error")
			require.EqualValues(t, code, p.send(failed, "code"))
			require.Equal(t, "MTLCommandBufferErrorDomain", p.text(failed, "domain"))
			require.Empty(t, p.run(p.commands())) // only that one
		})
	}
}

// A command buffer may fail half way: what ran before has its effect.
func TestFailAfter(t *testing.T) {
	p := start(t)
	x, y, z := p.buffer(128), p.buffer(128), p.buffer(128)
	p.floats(x)[3] = 3
	p.sim.FailCommands(OutOfMemory, 1)
	p.runtime.Pool(func() {
		steps := []step{{0, 0, 1, 0}, barrier, {1, 0, 2, 0}}
		require.Contains(t, p.run(p.encodeSteps([]objc.ID{x, y, z}, steps)), "Insufficient Memory")
		require.Equal(t, float32(3), p.floats(y)[3])
		require.Zero(t, p.floats(z)[3])
		require.NotEmpty(t, p.run(p.commands())) // and all that follow
		p.sim.Heal()
		require.Empty(t, p.run(p.commands()))
	})
}

func TestHang(t *testing.T) {
	p := start(t)
	x, y := p.buffer(128), p.buffer(128)
	p.floats(x)[3] = 3
	p.runtime.Pool(func() {
		for _, code := range []Code{Timeout, 0} {
			p.sim.Hang()
			hanging, behind := p.encodeSteps([]objc.ID{x, y}, []step{{0, 0, 1, 0}}), p.commands()
			p.send(hanging, "commit")
			p.send(behind, "commit")
			p.sim.WaitHanging(1)
			require.EqualValues(t, 3, p.send(hanging, "status"))
			require.EqualValues(t, 2, p.send(behind, "status"))
			if code == 0 {
				p.sim.Release()
			} else {
				p.sim.ReleaseWith(code)
			}
			p.send(behind, "waitUntilCompleted")
			want := objc.ID(4)
			if code != 0 {
				want = 5
			}
			require.Equal(t, want, p.send(hanging, "status"))
			require.Equal(t, code == 0, p.floats(y)[3] == 3)
			require.EqualValues(t, 4, p.send(behind, "status"))
		}
	})
}
