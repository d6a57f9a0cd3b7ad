package loadtest

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// fixture is the memory of a kind of job. Inputs are shared by all jobs and
// never written; results are each job's own, and used again.
type fixture struct {
	kind *Kind
	a, b side // of an attention the queries and the keys
	v    side // the values of an attention
	bias tensor.View
	// malformed has one column too many
	malformed tensor.View

	mu      sync.Mutex
	results []tensor.View
}

// side is what stands for A or B of a kind, or the rows of a softmax.
type side struct {
	host   []tensor.View // what they hold
	given  []tensor.View // what jobs name: host, or a loaded operand
	loaded []job.Operand
	poison tensor.View // with NaN in it; zero where no job may have it
}

// Jobs of a kind choose from so many inputs, fewer where they are large.
const (
	variants     = 8
	variantBytes = 64 << 20 // of all together, if there is more than one
)

func newFixture(ctx context.Context, d job.Doer, k *Kind, numbers *reference.Numbers) (*fixture, error) {
	f := &fixture{kind: k}
	f.fill(numbers)
	size := k.result()
	f.malformed = numbers.View(k.C, tensor.Dims{size[0], size[1], size[2] + 1})
	for _, s := range []struct {
		name string
		side *side
	}{{"a", &f.a}, {"b", &f.b}} {
		if s.name != k.Loaded {
			continue
		}
		if err := s.side.load(ctx, d); err != nil {
			return f, fmt.Errorf("loadtest: loading %s: %w", k.Name, err)
		}
	}
	switch {
	case k.Softmax || k.Attention || k.Loaded == "b":
		f.a.spoil()
	default:
		f.b.spoil()
	}
	return f, nil
}

// fill makes the inputs.
func (f *fixture) fill(numbers *reference.Numbers) {
	k := f.kind
	switch {
	case k.Softmax:
		f.a.fill(numbers, k.A, tensor.Dims{k.Batch, k.M, k.N}, 0)
	case k.Attention:
		f.a.fill(numbers, k.A, tensor.Dims{k.Heads, k.M, k.K}, 0)
		f.b.fill(numbers, k.A, tensor.Dims{k.Batch, k.N, k.K}, 0)
		f.v.fill(numbers, k.A, tensor.Dims{k.Batch, k.N, k.Values}, 0)
	default:
		aRows, aCols := turned(k.TransA, k.M, k.K)
		bRows, bCols := turned(k.TransB, k.K, k.N)
		f.a.fill(numbers, k.A, tensor.Dims{k.Batch, aRows, aCols}, k.loaded("a"))
		f.b.fill(numbers, k.B, tensor.Dims{k.Batch, bRows, bCols}, k.loaded("b"))
	}
	if k.Bias {
		f.bias = numbers.View(k.C, tensor.Dims{1, 1, k.N})
	}
}

// loaded returns how many operands of a side are loaded.
func (k *Kind) loaded(side string) int {
	if k.Loaded == side {
		return k.Operands
	}
	return 0
}

func turned(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// fill makes so many inputs; 0: as many as there is room for.
func (s *side) fill(numbers *reference.Numbers, dt tensor.DType, d tensor.Dims, count int) {
	if count == 0 {
		count = min(variants, max(1, variantBytes/(dt.Size()*d[0]*d[1]*d[2])))
	}
	for range count {
		s.host = append(s.host, numbers.View(dt, d))
	}
	s.given = s.host
}

func (s *side) load(ctx context.Context, d job.Doer) error {
	s.given = nil
	for _, v := range s.host {
		if err := ctx.Err(); err != nil {
			return err
		}
		o, err := d.LoadOperand(v)
		if err != nil {
			return err
		}
		s.loaded = append(s.loaded, o)
		s.given = append(s.given, o.View())
	}
	return nil
}

// spoil makes the poisoned input: its first element is NaN.
func (s *side) spoil() {
	v := s.host[0]
	s.poison = reference.Zeros(v.DType(), v.Dims())
	tensor.Copy(s.poison, v)
	s.poison.SetValue(0, 0, 0, float32(math.NaN()))
}

func (f *fixture) release() {
	for _, s := range []*side{&f.a, &f.b} {
		for _, o := range s.loaded {
			o.Release()
		}
	}
}

// result returns memory that no job writes to.
func (f *fixture) result() tensor.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.results); n > 0 {
		v := f.results[n-1]
		f.results = f.results[:n-1]
		return v
	}
	return reference.Zeros(f.kind.C, f.kind.result())
}

// giveBack takes a result that no job will write to any more.
func (f *fixture) giveBack(v tensor.View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.results = append(f.results, v)
}
