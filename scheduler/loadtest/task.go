package loadtest

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// task is a job together with what it was made from.
type task struct {
	f      *fixture
	send   Send
	a, b   int // indices of the inputs; -1 for the poisoned one
	v      int
	result tensor.View
	job    job.Job
}

func (f *fixture) task(s Send, start time.Time) *task {
	t := &task{f: f, send: s, result: f.result()}
	t.a, t.b = int(s.Dice%uint64(len(f.a.host))), 0
	if len(f.b.host) > 0 {
		t.b = int(s.Dice >> 20 % uint64(len(f.b.host)))
	}
	if len(f.v.host) > 0 {
		t.v = int(s.Dice >> 40 % uint64(len(f.v.host)))
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
	if k.Attention {
		return &job.Attention{
			Q: t.f.a.pick(t.a), K: t.f.b.pick(t.b), V: t.f.v.pick(t.v), O: c,
			Causal: k.Causal, QueryOffset: k.Offset, Options: options,
		}
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
