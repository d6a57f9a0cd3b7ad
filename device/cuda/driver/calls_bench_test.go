//go:build linux && (amd64 || arm64)

package driver

import (
	"fmt"
	"os"
	"testing"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/require"
)

// rig has what a batch needs of the driver: a copy up, a kernel that takes some
// microseconds, a copy down, and two events.
type rig struct {
	*Context
	stream     *Stream
	kernel     Function
	gpu        Pointer
	host       unsafe.Pointer
	start, end *Event
	parameter  struct {
		cycles uint64
		room   [400]byte // what a kernel with two maps takes
	}
}

const rigSource = `
struct Parameter { unsigned long long cycles; char room[400]; };
extern "C" __global__ void busy(const __grid_constant__ Parameter p) {
  for (long long start = clock64(); clock64() - start < p.cycles;) {}
}`

const rigBytes = 160 << 10 // 20 vectors of 4096 halves

func newRig(b *testing.B) *rig {
	api, err := Load()
	if err != nil && os.Getenv("REQUIRE_CUDA") == "" {
		b.Skipf("SKIPPED: %v", err)
	}
	require.NoError(b, err)
	compiler, err := LoadCompiler()
	require.NoError(b, err)
	c, err := api.Open(0)
	require.NoError(b, err)
	require.NoError(b, c.Enter())
	code, err := compiler.Compile("busy", rigSource, []string{fmt.Sprintf("--gpu-architecture=sm_%d%d", c.Attribute(ComputeMajor), c.Attribute(ComputeMinor))})
	require.NoError(b, err)
	m, err := c.LoadModule(code)
	require.NoError(b, err)
	r := &rig{Context: c}
	r.parameter.cycles = 20000
	r.kernel, err = m.Function("busy", 0)
	require.NoError(b, err)
	r.stream, err = c.NewStream()
	require.NoError(b, err)
	r.gpu, err = c.Alloc(1 << 20)
	require.NoError(b, err)
	r.host, err = c.AllocHost(1 << 20)
	require.NoError(b, err)
	r.start, err = c.NewEvent()
	require.NoError(b, err)
	r.end, err = c.NewEvent()
	require.NoError(b, err)
	return r
}

func (r *rig) up() error   { return r.stream.CopyToDevice(r.gpu, r.host, rigBytes) }
func (r *rig) down() error { return r.stream.CopyToHost(r.host, r.gpu, rigBytes) }
func (r *rig) launch() error {
	return r.stream.Launch(r.kernel, [3]int{64, 1, 1}, [3]int{128, 1, 1}, 0, unsafe.Pointer(&r.parameter))
}

// BenchmarkCalls says what the calls of a batch cost the host (ns/op), and the
// time from the first to the end on the GPU (µs-to-end).
func BenchmarkCalls(b *testing.B) {
	r := newRig(b)
	defer func() { require.NoError(b, r.Release()) }()
	for name, calls := range map[string]func(r *rig) func() error{
		"current": func(r *rig) func() error { return r.Enter },
		"record":  func(r *rig) func() error { return func() error { return r.stream.Record(r.start) } },
		"query": func(r *rig) func() error {
			return func() error { return r.do(fnDriverGetVersion, uintptr(unsafe.Pointer(&r.parameter))) }
		},
		"up":                 func(r *rig) func() error { return r.up },
		"launch":             func(r *rig) func() error { return r.launch },
		"down":               func(r *rig) func() error { return r.down },
		"batch":              func(r *rig) func() error { return inTurn(r.up, r.launch, r.down) },
		"batch without down": func(r *rig) func() error { return inTurn(r.up, r.launch) },
		"graph":              func(r *rig) func() error { return newGraph(b, r).run(true) },
		"graph as it was":    func(r *rig) func() error { return newGraph(b, r).run(false) },
		"batch with events": func(r *rig) func() error {
			return inTurn(func() error { return r.stream.Record(r.start) }, r.up, r.launch, r.down)
		},
	} {
		b.Run(name, func(b *testing.B) {
			var given, ended time.Duration
			require.NoError(b, r.With(func() error {
				call := calls(r)
				for i := range b.N + 10 {
					start := time.Now()
					err := call()
					issued := time.Since(start)
					if err == nil {
						err = inTurn(func() error { return r.stream.Record(r.end) }, r.end.Wait)()
					}
					if err != nil {
						return err
					}
					if i >= 10 {
						given, ended = given+issued, ended+time.Since(start)
					}
				}
				return nil
			}))
			b.ReportMetric(float64(given.Nanoseconds())/float64(b.N), "ns/op")
			b.ReportMetric(float64(ended.Nanoseconds())/float64(b.N)/1e3, "µs-to-end")
		})
	}
}

func inTurn(calls ...func() error) func() error {
	return func() error {
		for _, call := range calls {
			if err := call(); err != nil {
				return err
			}
		}
		return nil
	}
}

// graph is the same batch as a graph of the driver's.
type graph struct {
	*rig
	update, launch1 []uintptr // functions
	exec            uintptr
	kernelNode      uintptr
	copies          []uintptr
	kernelArgs      kernelNode
	parameters      [1]unsafe.Pointer
	copyArgs        [2][32]uint64
	set             [2]uintptr
	run1            uintptr
	handle          uintptr
}

type kernelNode struct {
	function                       uintptr
	gx, gy, gz, bx, by, bz, shared uint32
	_                              uint32
	parameters, extra, kernel, ctx uintptr
}

func newGraph(b *testing.B, r *rig) *graph {
	g := &graph{rig: r}
	find := func(name string) uintptr {
		f, err := purego.Dlsym(r.cuda.handle, name)
		require.NoError(b, err)
		return f
	}
	call := func(name string, args ...uintptr) {
		code, _, _ := purego.SyscallN(find(name), args...)
		require.Zero(b, uint32(code), name)
	}
	var made uintptr
	call("cuStreamBeginCapture_v2", r.stream.handle, 2)
	require.NoError(b, inTurn(r.up, r.launch, r.down)())
	call("cuStreamEndCapture", r.stream.handle, uintptr(unsafe.Pointer(&made)))
	call("cuGraphInstantiateWithFlags", uintptr(unsafe.Pointer(&g.exec)), made, 0)
	var nodes [8]uintptr
	n := uint64(len(nodes))
	call("cuGraphGetNodes", made, uintptr(unsafe.Pointer(&nodes)), uintptr(unsafe.Pointer(&n)))
	require.EqualValues(b, 3, n)
	for _, node := range nodes[:n] {
		var kind int32
		call("cuGraphNodeGetType", node, uintptr(unsafe.Pointer(&kind)))
		if kind == 0 {
			g.kernelNode = node
			continue
		}
		require.EqualValues(b, 1, kind)
		call("cuGraphMemcpyNodeGetParams", node, uintptr(unsafe.Pointer(&g.copyArgs[len(g.copies)])))
		g.copies = append(g.copies, node)
	}
	g.parameters[0] = unsafe.Pointer(&r.parameter)
	g.kernelArgs = kernelNode{function: r.kernel.handle, gx: 64, gy: 1, gz: 1, bx: 128, by: 1, bz: 1, parameters: uintptr(unsafe.Pointer(&g.parameters))}
	g.set = [2]uintptr{find("cuGraphExecKernelNodeSetParams_v2"), find("cuGraphExecMemcpyNodeSetParams")}
	g.run1, g.handle = find("cuGraphLaunch"), r.stream.handle
	var ctx uintptr
	call("cuCtxGetCurrent", uintptr(unsafe.Pointer(&ctx)))
	g.Context.handle = ctx
	return g
}

func (g *graph) run(update bool) func() error {
	check := func(code, _, _ uintptr) error {
		if uint32(code) != 0 {
			return fmt.Errorf("graph: %d", uint32(code))
		}
		return nil
	}
	return func() error {
		if update {
			if err := check(purego.SyscallN(g.set[0], g.exec, g.kernelNode, uintptr(unsafe.Pointer(&g.kernelArgs)))); err != nil {
				return err
			}
			for i, node := range g.copies {
				if err := check(purego.SyscallN(g.set[1], g.exec, node, uintptr(unsafe.Pointer(&g.copyArgs[i])), g.Context.handle)); err != nil {
					return err
				}
			}
		}
		return check(purego.SyscallN(g.run1, g.exec, g.handle))
	}
}
