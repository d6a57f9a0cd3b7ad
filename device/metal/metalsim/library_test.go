//go:build linux

package metalsim

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

func TestCompileError(t *testing.T) {
	p := start(t)
	library, text := p.newLibrary("#include <metal_stdlib>\nkernel void f(device float* x [[buffer(0)]]) { x[0] = y; }\n")
	require.Zero(t, library)
	require.Contains(t, text, "use of undeclared identifier 'y'")
	require.Contains(t, text, ":2:")

	p.runtime.Pool(func() {
		var failed objc.ID
		require.Zero(t, p.send(p.device, "newLibraryWithSource:options:error:", p.str("!"), 0, uintptr(unsafe.Pointer(&failed))))
		require.Equal(t, "MTLLibraryErrorDomain", p.text(failed, "domain"))
		require.EqualValues(t, 3, p.send(failed, "code"))
	})
}

func TestNoSuchFunction(t *testing.T) {
	p := start(t)
	library, _ := p.newLibrary(shaders)
	p.own(library)
	pipeline, text := p.pipelineOf(library, "missing", nil)
	require.Zero(t, pipeline)
	require.Equal(t, "Function missing was not found in the library", text)
}

// A kernel has to be given the function constants that it reads, and no others.
func TestFunctionConstants(t *testing.T) {
	p := start(t)
	library, _ := p.newLibrary(shaders)
	p.own(library)
	pipeline, text := p.pipelineOf(library, "scale", nil)
	require.Zero(t, pipeline)
	require.Equal(t, "function constant negate (index 0) of scale has no value", text)
	pipeline, text = p.pipelineOf(library, "copy", nil)
	p.own(pipeline)
	require.Empty(t, text)

	for _, negate := range []bool{false, true} {
		x := p.buffer(128)
		p.floats(x)[0] = 3
		p.runtime.Pool(func() {
			commands := p.commands()
			encoder := p.encoder(commands)
			p.scaled(encoder, p.pipeline("scale", negate), x)
			p.send(encoder, "endEncoding")
			require.Empty(t, p.run(commands))
		})
		want := float32(7)
		if negate {
			want = -7
		}
		require.Equal(t, want, p.floats(x)[0])
	}
}

func TestFunctionConstantOfAnotherType(t *testing.T) {
	p := start(t)
	library, _ := p.newLibrary(shaders)
	p.own(library)
	p.runtime.Pool(func() {
		values := p.own(p.send(p.runtime.Class("MTLFunctionConstantValues"), "new"))
		value := float32(1)
		p.send(values, "setConstantValue:type:atIndex:", uintptr(unsafe.Pointer(&value)), 3, 0)
		var failed objc.ID
		require.Zero(t, p.send(library, "newFunctionWithName:constantValues:error:", p.str("scale"), uintptr(values), uintptr(unsafe.Pointer(&failed))))
		require.Equal(t, "function constant negate (index 0) of scale has another type than its value", p.text(failed, "localizedDescription"))

		p.send(values, "setConstantValue:type:atIndex:", uintptr(unsafe.Pointer(&value)), 9999, 0)
		require.Len(t, p.sim.Violations(), 1)
	})
}
