package actors

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// notes is a tracer that remembers.
type notes []metrics.Event

func (n *notes) Trace(e *metrics.Event) { *n = append(*n, *e) }

// Jobs over one memory have one number, others another; where nothing can be
// shared there is none.
func TestTraceNumbersOperands(t *testing.T) {
	s, seen := newShelf(), &notes{}
	s.engine.opened = s.arrived
	s.trace = newTrace(s.engine, seen)
	v, w := fill(4, 4, 1), fill(4, 4, 2)
	stack := func(rows, cols int) tensor.View { return tensor.Batch(make([]float32, 2*rows*cols), 2, rows, cols) }
	batched := &job.Matmul{A: stack(4, 4), B: stack(4, 1), C: stack(4, 1)}
	for _, j := range []job.Job{product(v, 1, 3), product(w, 1, 4), product(v, 2, 5), batched, &job.Softmax{X: fill(2, 8, 6)}} {
		s.insert(s.task(t, j))
	}
	var got []string
	for _, e := range *seen {
		require.Equal(t, metrics.KindArrival, e.Kind)
		got = append(got, fmt.Sprintf("job %d at %v: operand %d", e.Job, e.At, e.Operand))
	}
	require.Equal(t, []string{
		"job 1 at 1ms: operand 1", "job 2 at 2ms: operand 2", "job 3 at 3ms: operand 1",
		"job 4 at 4ms: operand 0", "job 5 at 5ms: operand 0",
	}, got)
}

// What is remembered of callers' memory is bounded.
func TestTraceForgetsOperands(t *testing.T) {
	s := newShelf()
	tr := newTrace(s.engine, &notes{})
	task := s.task(t, product(fill(4, 4, 1), 1, 3))
	for i := range maxOperandNames {
		tr.operands[operandName{offset: i + 1}] = 1
	}
	tr.arrived(task)
	require.Len(t, tr.operands, 1)
}

// What it remembers of an operand keeps nothing alive, nor does another operand
// take its number.
func TestTraceKeepsNoOperand(t *testing.T) {
	s := newShelf()
	seen := &notes{}
	s.engine.opened = s.arrived
	s.trace = newTrace(s.engine, seen)
	v := fill(4, 4, 1)
	gone := make(chan struct{}, 2) // of both times: the runtime calls what sends
	arrive := func() {
		o := new(operand)
		runtime.AddCleanup(o, func(gone chan struct{}) { gone <- struct{}{} }, gone)
		for i := range 2 {
			task := s.task(t, product(v, 1, i))
			task.Memory[OperandA] = o
			s.trace.arrived(task)
			task.Memory[OperandA] = nil
		}
	}
	arrive()
	collected := false
	for i := 0; i < 1000 && !collected; i++ {
		runtime.GC()
		select {
		case <-gone:
			collected = true
		case <-time.After(time.Millisecond):
		}
	}
	require.True(t, collected)
	arrive()
	var numbers []uint64
	for _, e := range *seen {
		numbers = append(numbers, e.Operand)
	}
	require.Equal(t, []uint64{1, 1, 3, 3}, numbers)
	require.Len(t, s.trace.operands, 2)
}

func TestTraceOfNothing(t *testing.T) {
	require.Nil(t, newTrace(&Engine{}, nil))
	seen := &notes{}
	tr := newTrace(&Engine{opened: time.Now()}, seen)
	tr.end()
	tr.end()
	require.Len(t, *seen, 1)
}

// A tracer that panics harms nobody.
func TestTracerThatPanics(t *testing.T) {
	tr := newTrace(&Engine{opened: time.Now()}, panicking{})
	require.NotPanics(t, tr.end)
}

type panicking struct{}

func (panicking) Trace(*metrics.Event) { panic("no disk") }

func TestOutcomesAreToldApartAsByRetry(t *testing.T) {
	for want, errs := range map[string][]error{
		"":                         {nil},
		metrics.OutcomeLost:        {device.ErrLost, device.ErrClosed, job.ErrHung, errShut},
		metrics.OutcomeOutOfMemory: {device.ErrOutOfMemory},
		metrics.OutcomeFailed:      {errors.New("any"), &PanicError{}},
	} {
		for _, err := range errs {
			require.Equal(t, want, outcomeOf(err), "%v", err)
		}
	}
}
