//go:build linux

package metalsim

import (
	"context"
	"os"
	"runtime"
	"structs"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// program sends messages as a driver does, only less carefully.
type program struct {
	*testing.T
	sim           *Simulator
	runtime       *objc.Runtime
	device, queue objc.ID

	push         func() uintptr
	pop          func(uintptr)
	createDevice func() objc.ID
	copyDevices  func() objc.ID
	mpsSupports  func(objc.ID) bool
	sendString   func(objc.ID, objc.SEL, string) objc.ID
	sendText     func(objc.ID, objc.SEL) string
	sendFloat    func(objc.ID, objc.SEL) float64
	sendSize     func(objc.ID, objc.SEL) size
	sendBlock    func(objc.ID, objc.SEL, *objc.Block)
	sendProduct  func(self objc.ID, s objc.SEL, device objc.ID, transposeLeft, transposeRight bool, rows, columns, interior uint, alpha, beta float64) objc.ID
}

type size struct {
	_                    structs.HostLayout
	width, height, depth uint
}

// load returns the simulator, healed and with no violations. Without a
// compiler the test is skipped, loudly.
func load(t *testing.T) *Simulator {
	if _, err := msl.FindCompiler(); err != nil {
		if os.Getenv("REQUIRE_CLANG") != "" {
			t.Fatalf("REQUIRE_CLANG is set: %v", err)
		}
		t.Skipf("NOT TESTED: %v", err)
	}
	s, err := Load(context.Background())
	require.NoError(t, err)
	s.Heal()
	s.SetMachine(DefaultMachine())
	s.SetSchedule(Forward)
	s.Violations()
	return s
}

// start opens a device and a queue. When the test ends, they are released, and
// as many objects have to be alive as before and no violations to be left.
func start(t *testing.T) *program {
	p := &program{T: t, sim: load(t)}
	before := p.sim.Live()
	p.bind()
	p.device = p.createDevice()
	p.queue = p.send(p.device, "newCommandQueue")
	t.Cleanup(func() {
		p.sim.Heal()
		p.send(p.queue, "release")
		p.send(p.device, "release")
		require.Empty(t, p.sim.Violations())
		require.Equal(t, before, p.sim.Live())
	})
	return p
}

func (p *program) bind() {
	var err error
	p.runtime, err = objc.Load(p.sim.Path())
	require.NoError(p, err)
	library, err := objc.Open(p.sim.Path())
	require.NoError(p, err)
	for name, to := range map[string]any{
		"objc_autoreleasePoolPush":     &p.push,
		"objc_autoreleasePoolPop":      &p.pop,
		"MTLCreateSystemDefaultDevice": &p.createDevice,
		"MTLCopyAllDevices":            &p.copyDevices,
		"MPSSupportsMTLDevice":         &p.mpsSupports,
	} {
		require.NoError(p, library.Function(name, to))
	}
	for _, f := range []any{&p.sendString, &p.sendText, &p.sendFloat, &p.sendBlock, &p.sendProduct} {
		p.runtime.Bind(f)
	}
	stret := "objc_msgSend"
	if runtime.GOARCH == "amd64" {
		stret = "objc_msgSend_stret"
	}
	require.NoError(p, library.Function(stret, &p.sendSize))
}

// send sends a message of integers. Those made of pointers in the call stay
// valid during it: what they point to does not lie on the moving stack.
//
//go:uintptrescapes
func (p *program) send(o objc.ID, name string, arguments ...uintptr) objc.ID {
	all := append([]uintptr{uintptr(o), uintptr(p.runtime.Sel(name))}, arguments...)
	result, _, _ := purego.SyscallN(p.runtime.MsgSend(), all...)
	return objc.ID(result)
}

func (p *program) str(s string) uintptr {
	return uintptr(p.sendString(p.runtime.Class("NSString"), p.runtime.Sel("stringWithUTF8String:"), s))
}

func (p *program) text(o objc.ID, name string) string {
	return p.sendText(p.send(o, name), p.runtime.Sel("UTF8String"))
}

// own releases an object when the test ends.
func (p *program) own(o objc.ID) objc.ID {
	require.NotZero(p, o)
	p.Cleanup(func() { p.send(o, "release") })
	return o
}

func (p *program) buffer(bytes uintptr) objc.ID {
	return p.own(p.send(p.device, "newBufferWithLength:options:", bytes, 0))
}

// floats returns the contents of a buffer.
func (p *program) floats(buffer objc.ID) []float32 {
	address := uintptr(p.send(buffer, "contents"))
	return floatsAt(*(*unsafe.Pointer)(unsafe.Pointer(&address)), int(p.send(buffer, "length")))
}

func floatsAt(memory unsafe.Pointer, bytes int) []float32 {
	return unsafe.Slice((*float32)(memory), bytes/4)
}

// library compiles a source; it fails with the text of the NSError.
func (p *program) newLibrary(source string) (library objc.ID, text string) {
	p.runtime.Pool(func() {
		var failed objc.ID
		library = p.send(p.device, "newLibraryWithSource:options:error:", p.str(source), 0, uintptr(unsafe.Pointer(&failed)))
		if library == 0 {
			text = p.text(failed, "localizedDescription")
		}
	})
	return library, text
}

// pipeline makes one of a kernel in shaders, with the value of constant 0.
func (p *program) pipeline(name string, negate bool) objc.ID {
	library, text := p.newLibrary(shaders)
	require.NotZero(p, library, text)
	defer p.send(library, "release")
	pipeline, text := p.pipelineOf(library, name, &negate)
	require.NotZero(p, pipeline, text)
	return p.own(pipeline)
}

func (p *program) pipelineOf(library objc.ID, name string, negate *bool) (pipeline objc.ID, text string) {
	p.runtime.Pool(func() {
		values := p.send(p.send(p.runtime.Class("MTLFunctionConstantValues"), "alloc"), "init")
		defer p.send(values, "release")
		if negate != nil {
			p.send(values, "setConstantValue:type:atIndex:", uintptr(unsafe.Pointer(negate)), 53, 0)
		}
		var failed objc.ID
		function := p.send(library, "newFunctionWithName:constantValues:error:", p.str(name), uintptr(values), uintptr(unsafe.Pointer(&failed)))
		if function == 0 {
			text = p.text(failed, "localizedDescription")
			return
		}
		defer p.send(function, "release")
		pipeline = p.send(p.device, "newComputePipelineStateWithFunction:error:", uintptr(function), uintptr(unsafe.Pointer(&failed)))
		if pipeline == 0 {
			text = p.text(failed, "localizedDescription")
		}
	})
	return pipeline, text
}

// commands returns a command buffer that retains nothing.
func (p *program) commands() objc.ID {
	return p.own(p.send(p.send(p.queue, "commandBufferWithUnretainedReferences"), "retain"))
}

// retaining is commands, but they keep what they use.
func (p *program) retaining() objc.ID {
	return p.own(p.send(p.send(p.queue, "commandBuffer"), "retain"))
}

// encoder opens one that is concurrent. The pool owns it.
func (p *program) encoder(commands objc.ID) objc.ID {
	return p.send(commands, "computeCommandEncoderWithDispatchType:", 1)
}

func (p *program) setBuffer(encoder, buffer objc.ID, offset, index uintptr) {
	p.send(encoder, "setBuffer:offset:atIndex:", uintptr(buffer), offset, index)
}

func (p *program) setFloats(encoder objc.ID, index uintptr, values ...float32) {
	p.send(encoder, "setBytes:length:atIndex:", uintptr(unsafe.Pointer(&values[0])), uintptr(len(values))*4, index)
}

func (p *program) dispatch(encoder objc.ID, groups, threads uintptr) {
	const name = "dispatchThreadgroups:threadsPerThreadgroup:"
	if runtime.GOARCH == "arm64" {
		sizes := [6]uintptr{groups, 1, 1, threads, 1, 1}
		p.send(encoder, name, uintptr(unsafe.Pointer(&sizes[0])), uintptr(unsafe.Pointer(&sizes[3])))
		return
	}
	p.send(encoder, name, 0, 0, 0, 0, groups, 1, 1, threads, 1, 1)
}

// run commits, waits, and returns the text of the command buffer's error.
func (p *program) run(commands objc.ID) (text string) {
	p.send(commands, "commit")
	p.send(commands, "waitUntilCompleted")
	if p.send(commands, "status") == 5 {
		p.runtime.Pool(func() { text = p.text(p.send(commands, "error"), "localizedDescription") })
	}
	return text
}

// shaders are what the tests run.
const shaders = `#include <metal_stdlib>
using namespace metal;

constant bool negate [[function_constant(0)]];

kernel void scale(device float* x [[buffer(0)]], constant float2& ab [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  float v = ab.x * x[i] + ab.y;
  x[i] = negate ? -v : v;
}

kernel void copy(device const float* from [[buffer(0)]], device float* to [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  to[i] = from[i];
}

kernel void reverse(device float* x [[buffer(0)]], threadgroup float* t [[threadgroup(0)]],
                    uint i [[thread_position_in_threadgroup]], uint n [[threads_per_threadgroup]]) {
  t[i] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = t[n - 1 - i];
}

kernel void beyond(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  x[i + 1] = 7.0f;
}

kernel void divergent(device float* x [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  if (i < 16) threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = 1.0f;
}

kernel void wide(device float4* x [[buffer(0)]], threadgroup float* s [[threadgroup(0)]],
                 threadgroup float* t [[threadgroup(1)]], uint i [[thread_position_in_grid]]) {
  x[i] = 0.0f;
}
`
