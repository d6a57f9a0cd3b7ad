package suite

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Work is what one operation of a benchmark computes. Works are comparable:
// equal ones have the same operands.
type Work interface {
	// Parts name it within its suite.
	Parts() []Part
	// Ops are the operations that its jobs consist of.
	Ops() []kernels.Op
	// Flops counts the floating-point operations, 0 where that means little.
	Flops() float64
	// Bytes counts what must be read and written at least.
	Bytes() float64
	// Memory is what its operands take, in bytes, copies on the device included.
	Memory() int64
	// Make makes its operands from a seed and loads those that callers would.
	Make(d job.Doer, seed uint64) (Fixture, error)
}

// Part is one part of a benchmark's name, such as k=1024.
type Part struct{ Key, Value string }

func part(key string, value any) Part { return Part{key, fmt.Sprint(value)} }

// Fixture is a Work with its operands. It is used by one goroutine.
type Fixture interface {
	// Jobs are one operation, to be done together unless the Fixture is a
	// Sequence. They are the same jobs every time.
	Jobs() []job.Job
	// Reset makes results as they were at first, and what a job must write NaN.
	Reset()
	// Check compares the results of one operation since Reset with float64
	// references and returns how many values it compared.
	Check() (values int, err error)
	// Release gives loaded operands back.
	Release()
}

// Sequence is what a Fixture may be besides: its jobs need each other's results.
type Sequence interface {
	// InOrder reports whether jobs are done one after another.
	InOrder() bool
}

// Case is one benchmark.
type Case struct {
	Suite   string
	Work    Work
	Backend Backend
}

// Name is the benchmark's name in the Go benchmark format, such as
// BenchmarkMatmulDispatcher/m=512/k=2048/n=8/dtype=f16/loaded=a/backend=mlx.
func (c Case) Name() string {
	return "Benchmark" + camel(c.Suite) + "/" + c.Sub()
}

// Sub is Name without the suite's part.
func (c Case) Sub() string {
	var b strings.Builder
	for _, p := range c.Work.Parts() {
		b.WriteString(p.Key + "=" + p.Value + "/")
	}
	return b.String() + "backend=" + string(c.Backend)
}

// camel writes matmul_dispatcher as MatmulDispatcher.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
