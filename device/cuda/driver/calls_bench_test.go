//go:build linux && (amd64 || arm64)

package driver

import (
	"fmt"
	"os"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// BenchmarkCalls says what calls that a batch makes cost the host (ns/op), and
// how long it takes from the first to the end on the GPU (µs-to-end). The batch
// has 20 vectors of 4096 halves and a kernel of 12 µs; the graph is the same.
func BenchmarkCalls(b *testing.B) {
	r := newRig(b)
	defer func() { require.NoError(b, r.Release()) }()
	batch := inTurn(r.up, r.launch, r.down)
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"nothing", func() error { _, err := r.Version(); return err }},
		{"enter", r.Enter},
		{"record", func() error { return r.stream.Record(r.start) }},
		{"up", r.up},
		{"launch", r.launch},
		{"down", r.down},
		{"batch", batch},
		{"graph", newGraph(b, r, batch).run(true)},
		{"graph/unchanged", newGraph(b, r, batch).run(false)},
	} {
		b.Run(c.name, func(b *testing.B) { r.clock(b, c.call) })
	}
}

// rig has what a batch needs of the driver: a copy up, a kernel, a copy down,
// and two events.
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

const rigBytes, rigCycles = 20 * 4096 * 2, 20000

var rigGrid, rigBlock = [3]int{64, 1, 1}, [3]int{128, 1, 1}

func newRig(b *testing.B) *rig {
	api, err := Load()
	if err != nil && os.Getenv("REQUIRE_CUDA") == "" {
		b.Skipf("SKIPPED, no GPU: %v", err)
	}
	require.NoError(b, err)
	known, err := api.Version()
	require.NoError(b, err)
	compiler, err := LoadCompiler(known)
	require.NoError(b, err)
	c, err := api.Open(0)
	require.NoError(b, err)
	code, err := compiler.Compile("busy", rigSource, []string{fmt.Sprintf("--gpu-architecture=sm_%d%d", c.Attribute(ComputeMajor), c.Attribute(ComputeMinor))})
	require.NoError(b, err)
	r := &rig{Context: c}
	r.parameter.cycles = rigCycles
	require.NoError(b, c.With(func() error { return r.open(code) }))
	return r
}

func (r *rig) open(code []byte) error {
	m, err := r.LoadModule(code)
	if err != nil {
		return err
	}
	return inTurn(
		func() error { r.kernel, err = m.Function("busy", 0); return err },
		func() error { r.stream, err = r.NewStream(); return err },
		func() error { r.gpu, err = r.Alloc(rigBytes); return err },
		func() error { r.host, err = r.AllocHost(rigBytes); return err },
		func() error { r.start, err = r.NewEvent(); return err },
		func() error { r.end, err = r.NewEvent(); return err },
	)()
}

func (r *rig) up() error   { return r.stream.CopyToDevice(r.gpu, r.host, rigBytes) }
func (r *rig) down() error { return r.stream.CopyToHost(r.host, r.gpu, rigBytes) }
func (r *rig) launch() error {
	return r.stream.Launch(r.kernel, rigGrid, rigBlock, 0, unsafe.Pointer(&r.parameter))
}

// inTurn makes calls until one fails.
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

// clock times a call, each time on a stream that is empty.
func (r *rig) clock(b *testing.B, call func() error) {
	var given, ended time.Duration
	wait := inTurn(func() error { return r.stream.Record(r.end) }, r.end.Wait)
	require.NoError(b, r.With(func() error {
		for i := range b.N + 10 {
			start := time.Now()
			err := call()
			issued := time.Since(start)
			if err := inTurn(func() error { return err }, wait)(); err != nil {
				return err
			}
			if i >= 10 { // warm
				given, ended = given+issued, ended+time.Since(start)
			}
		}
		return nil
	}))
	b.ReportMetric(float64(given.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(ended.Nanoseconds())/float64(b.N)/1e3, "µs-to-end")
}
