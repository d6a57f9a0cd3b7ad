package actors

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Task is one accepted job on its way. The submitter fills it and hands it to
// Engine.Submit; from then on only its Life may be used.
type Task struct {
	job.Life
	Form     job.Form
	Plan     *kernels.Plan
	Memory   [Operands]Memory // of operands that are loaded, nil for the others
	Account  *job.Account
	Units    int   // Form.Units
	Bytes    int64 // Form.Volume
	Class    int   // job.Priority.Class
	Deadline time.Time
	Arrived  time.Time

	next   *Task // in an inbox or a flow
	first  bool  // of those that were put into an inbox together
	taken  int   // units handed to batches so far
	tenant *tenant
	split  *split
	drops  atomic.Int32 // shares given up, of the submitter's and the engine's
	Keep   bool         // never reuse: a handle or a timer may outlive the job

	single bool  // submitted by itself
	ring   *ring // where its vector lies as well, nil for nowhere else
	place  int

	traced uint64 // its number in a trace
}

// Operands counts the operands that may be loaded, and the indices of them in
// Task.Memory.
const (
	OperandA = iota
	OperandB
	OperandBias
	Operands

	OperandV = OperandBias // an attention has no bias
)

// Memory is a loaded operand as one task uses it.
type Memory interface {
	Buffer() device.Buffer
	// Release says that n tasks no longer need it.
	Release(n int)
	// StagingRing may be nil: vectors lie nowhere beside it.
	StagingRing() *StagingRing
}

var tasks = sync.Pool{New: func() any { return new(Task) }}

// NewTask returns an empty task that its submitter and the engine share.
func NewTask() *Task {
	return tasks.Get().(*Task)
}

// Drop gives up the submitter's or the engine's share. The last one makes the
// task ready for reuse.
func (t *Task) Drop() {
	if t.last() && !t.Keep {
		t.reset()
		tasks.Put(t)
	}
}

// Reuse is Drop for a submitter that needs a task again: true when t is empty
// and theirs.
func (t *Task) Reuse() bool {
	if !t.last() || t.Keep {
		return false
	}
	t.reset()
	return true
}

// last gives up a share and reports whether it was the last.
func (t *Task) last() bool { return t.drops.Load() == 1 || t.drops.Add(1) == 2 }

// reset forgets the job's memory but not the fields that the next job
// overwrites anyway.
func (t *Task) reset() {
	t.Life.Reset()
	t.Form.A, t.Form.B, t.Form.C, t.Form.Bias = none, none, none, none
	t.Plan, t.Account, t.tenant, t.split, t.next = nil, nil, nil, nil, nil
	t.taken, t.Deadline, t.Keep, t.single, t.drops = 0, time.Time{}, false, false, atomic.Int32{}
}

// leave is the engine's Drop: operands are given back first.
func (t *Task) leave(r *releases) {
	t.leaveRing()
	for i, m := range t.Memory {
		if m != nil {
			r.add(m)
			t.Memory[i] = nil
		}
	}
	t.Drop()
}

// releases gives back the same operand for neighbouring tasks in one step.
type releases struct {
	memory Memory
	n      int
}

func (r *releases) add(m Memory) {
	if m != r.memory {
		r.flush()
		r.memory = m
	}
	r.n++
}

func (r *releases) flush() {
	if r.n > 0 {
		r.memory.Release(r.n)
	}
	*r = releases{}
}

// Refuse drops a task that was never handed to an engine.
func (t *Task) Refuse() {
	t.drops.Store(1)
	var r releases
	t.leave(&r)
	r.flush()
}

// region returns an operand as a region of device or host memory.
func (t *Task) region(operand int) device.Region {
	v := &t.Form.A
	switch operand {
	case OperandB:
		v = &t.Form.B
	case OperandBias:
		v = &t.Form.Bias
	}
	r := device.Region{View: *v}
	if m := t.Memory[operand]; m != nil {
		r.Buffer = m.Buffer()
		if base := r.Buffer.Pointer(); base != v.Base() { // it is on another device by now
			r.View = v.Rebase(base)
		}
	}
	return r
}

// abandon drops a task that has ended before all of it was handed out. If
// parts of it are still flying the last one drops it.
func (t *Task) abandon() {
	if t.split == nil || t.split.close() {
		var r releases
		t.finish(&r)
		r.flush()
	}
}
