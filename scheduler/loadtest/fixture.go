package loadtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// fixture is the memory of a kind of job. Inputs are shared by all jobs and
// never written; results are each job's own, and used again.
type fixture struct {
	kind *Kind
	a, b side
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

// variants is how many inputs jobs of a kind choose from.
const variants = 8

func newFixture(ctx context.Context, d job.Doer, k *Kind, numbers *numbers) (*fixture, error) {
	f := &fixture{kind: k}
	aRows, aCols := turned(k.TransA, k.M, k.K)
	bRows, bCols := turned(k.TransB, k.K, k.N)
	if k.Softmax {
		aRows, aCols = k.M, k.N
	}
	f.a.fill(numbers, k.A, k.Batch, aRows, aCols, k.inputs("a"))
	if !k.Softmax {
		f.b.fill(numbers, k.B, k.Batch, bRows, bCols, k.inputs("b"))
	}
	if k.Bias {
		f.bias = numbers.view(k.C, 1, 1, k.N)
	}
	f.malformed = numbers.view(k.C, k.Batch, k.M, k.N+1)
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
	case k.Softmax || k.Loaded == "b":
		f.a.spoil()
	default:
		f.b.spoil()
	}
	return f, nil
}

// inputs returns how many matrices there are for a side.
func (k *Kind) inputs(side string) int {
	if k.Loaded == side {
		return k.Operands
	}
	return variants
}

func turned(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

func (s *side) fill(numbers *numbers, dt tensor.DType, batch, rows, cols, count int) {
	for range count {
		s.host = append(s.host, numbers.view(dt, batch, rows, cols))
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
	d := v.Dims()
	s.poison = newView(v.DType(), d[0], d[1], d[2])
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
	return newView(f.kind.C, f.kind.Batch, f.kind.M, f.kind.N)
}

// giveBack takes a result that no job will write to any more.
func (f *fixture) giveBack(v tensor.View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.results = append(f.results, v)
}

// task is a job together with what it was made from.
type task struct {
	f      *fixture
	send   Send
	a, b   int // indices of the inputs; -1 for the poisoned one
	result tensor.View
	job    job.Job
}

func (f *fixture) task(s Send, start time.Time) *task {
	t := &task{f: f, send: s, result: f.result()}
	t.a, t.b = int(s.Dice%uint64(len(f.a.host))), 0
	if len(f.b.host) > 0 {
		t.b = int(s.Dice >> 20 % uint64(len(f.b.host)))
	}
	switch f.kind.Loaded {
	case "a":
		t.a = s.Operand
	case "b":
		t.b = s.Operand
	}
	if s.Poison && f.b.poison.IsZero() {
		t.a = -1
	} else if s.Poison {
		t.b = -1
	}
	t.job = t.build(start)
	return t
}

func (t *task) build(start time.Time) job.Job {
	k, c := t.f.kind, t.result
	if t.send.Invalid {
		c = t.f.malformed
	}
	options := job.Options{Tenant: t.send.Tenant, Priority: t.send.Priority}
	if t.send.Deadline > 0 {
		options.Deadline = start.Add(t.send.At + t.send.Deadline)
	}
	if k.Softmax {
		return &job.Softmax{X: t.f.a.pick(t.a), Y: c, Causal: k.Causal, QueryOffset: k.Offset, Options: options}
	}
	return &job.Matmul{
		A: t.f.a.pick(t.a), B: t.f.b.pick(t.b), C: c, Bias: t.f.bias,
		TransA: k.TransA, TransB: k.TransB, Options: options,
	}
}

func (s *side) pick(i int) tensor.View {
	if i < 0 {
		return s.poison
	}
	return s.given[i]
}

// numbers makes operands: the same block of random numbers, over and over.
type numbers struct {
	f32  []float32
	f16  []tensor.Float16
	bf16 []tensor.BFloat16
	next int
}

const block = 65521 // a prime, so that rows differ

func newNumbers(dice *rand.Rand) *numbers {
	n := &numbers{f32: make([]float32, block)}
	for i := range n.f32 {
		n.f32[i] = float32(dice.Float64()*2 - 1)
	}
	n.f16, n.bf16 = tensor.ConvertSlice[tensor.Float16](n.f32), tensor.ConvertSlice[tensor.BFloat16](n.f32)
	return n
}

// view returns new memory full of numbers.
func (n *numbers) view(dt tensor.DType, batch, rows, cols int) tensor.View {
	n.next = (n.next + 7919) % block
	switch dt {
	case tensor.F16:
		return tensor.Batch(repeat(n.f16, n.next, batch*rows*cols), batch, rows, cols)
	case tensor.BF16:
		return tensor.Batch(repeat(n.bf16, n.next, batch*rows*cols), batch, rows, cols)
	case tensor.F32:
	}
	return tensor.Batch(repeat(n.f32, n.next, batch*rows*cols), batch, rows, cols)
}

func repeat[T any](from []T, start, count int) []T {
	out := make([]T, count)
	for done := copy(out, from[start:]); done < count; {
		done += copy(out[done:], from)
	}
	return out
}

func newView(dt tensor.DType, batch, rows, cols int) tensor.View {
	n := batch * rows * cols
	switch dt {
	case tensor.F16:
		return tensor.Batch(make([]tensor.Float16, n), batch, rows, cols)
	case tensor.BF16:
		return tensor.Batch(make([]tensor.BFloat16, n), batch, rows, cols)
	case tensor.F32:
	}
	return tensor.Batch(make([]float32, n), batch, rows, cols)
}
