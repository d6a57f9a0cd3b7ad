package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// traceKey is what jobs of one kind have in common.
type traceKey struct {
	op     string
	shape  metrics.Shape
	heads  metrics.Heads
	types  metrics.DTypes
	flags  metrics.Flags
	shared bool
}

// traceReader makes jobs of the arrivals of a trace. What several jobs
// multiplied was a loaded operand; the contents of all are made up.
type traceReader struct {
	events   []metrics.Event
	uses     map[uint64]int // of an operand
	kinds    []loadtest.Kind
	index    map[traceKey]int
	operands map[[2]uint64]int // of kind and operand: the index among those of the kind
}

func newTraceReader(events []metrics.Event) *traceReader {
	t := &traceReader{events: events, uses: map[uint64]int{}, index: map[traceKey]int{}, operands: map[[2]uint64]int{}}
	for i := range events {
		if events[i].Kind == metrics.KindArrival {
			t.uses[events[i].Operand]++
		}
	}
	return t
}

func (t *traceReader) read() (kinds []loadtest.Kind, sends []loadtest.Send, err error) {
	var first time.Duration
	for i := range t.events {
		e := &t.events[i]
		if e.Kind != metrics.KindArrival {
			continue
		}
		if len(sends) == 0 {
			first = e.At
		}
		kind, operand, err := t.kindOf(e)
		if err != nil {
			return nil, nil, fmt.Errorf("job %d: %w", e.Job, err)
		}
		s := loadtest.Send{
			At: e.At - first, Kind: kind, Operand: operand, Tenant: e.Tenant,
			Priority: job.Priority(e.Priority), Dice: uint64(i) * 0x9e3779b97f4a7c15,
		}
		if e.Deadline > e.At {
			s.Deadline = e.Deadline - e.At
		}
		sends = append(sends, s)
	}
	if len(sends) == 0 {
		return nil, nil, fmt.Errorf("no job arrived in it")
	}
	slices.SortStableFunc(sends, func(a, b loadtest.Send) int { return cmp.Compare(a.At, b.At) })
	return t.kinds, sends, nil
}

// kindOf returns the kind of an arrival, and which of the kind's operands it
// multiplies.
func (t *traceReader) kindOf(e *metrics.Event) (kind, operand int, err error) {
	shared := e.Op == "matmul" && e.Shape.Batch == 1 && t.uses[e.Operand] > 1
	key := traceKey{e.Op, e.Shape, e.Heads, e.DTypes, e.Flags, shared}
	kind, known := t.index[key]
	if !known {
		k, err := newTraceKind(e, shared)
		if err != nil {
			return 0, 0, err
		}
		kind = len(t.kinds)
		t.kinds = append(t.kinds, k)
		t.index[key] = kind
	}
	if !shared {
		return kind, 0, nil
	}
	place := [2]uint64{uint64(kind), e.Operand}
	operand, known = t.operands[place]
	if !known {
		operand = t.kinds[kind].Operands
		t.kinds[kind].Operands++
		t.operands[place] = operand
	}
	return kind, operand, nil
}

func newTraceKind(e *metrics.Event, shared bool) (k loadtest.Kind, err error) {
	k = loadtest.Kind{
		Name: fmt.Sprintf("%s %v %s", e.Op, e.Shape, e.DTypes.A), Softmax: e.Op == "softmax",
		Batch: e.Shape.Batch, M: e.Shape.M, N: e.Shape.N, K: e.Shape.K, TransA: e.Flags.TransA, TransB: e.Flags.TransB,
		Bias: e.Flags.Bias, Causal: e.Flags.Causal, Loaded: "none", Operands: 1, Share: 1, Tenants: []string{""},
	}
	switch e.Op {
	case "matmul", "softmax":
	case "attention": // how its inputs lie in memory is not kept: row by row
		k.Attention, k.Heads, k.Values, k.TransA, k.TransB = true, e.Shape.Batch*max(1, e.Heads.Group), e.Heads.Values, false, false
	default:
		return k, fmt.Errorf("%q is no operation; allowed: matmul, softmax, attention", e.Op)
	}
	if shared {
		k.Loaded, k.Operands = "a", 0
		if e.Flags.Mirrored {
			k.Loaded = "b"
		}
	}
	if e.Flags.QueryOffset {
		k.Offset = max(1, k.N-k.M)
	}
	for _, d := range []struct {
		to   *tensor.DType
		name string
	}{{&k.A, e.DTypes.A}, {&k.B, e.DTypes.B}, {&k.C, e.DTypes.C}} {
		if *d.to, err = tensor.ParseDType(d.name); err != nil {
			return k, err
		}
	}
	return k, nil
}
