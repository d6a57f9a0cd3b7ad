package actors

import (
	"errors"
	"sync"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var none tensor.View

// split gathers the parts of a job that was cut over several batches. Parts
// may end on different threads.
type split struct {
	mu     sync.Mutex
	flying int         // parts in batches that have not been accounted for
	left   int         // units not yet computed
	closed bool        // no further part will start
	held   bool        // the job is claimed for writing in place
	err    error       // of the first part that failed
	result tensor.View // put together from staged parts; zero when in place
}

// cut makes a task ready to be handed out in parts. Its result is put
// together in memory of ours unless it is written in place.
func (t *Task) cut(inPlace bool) {
	s := &split{left: t.Units}
	if !inPlace {
		c := &t.Form.C
		size := c.Len() * c.DType().Size()
		words := make([]uint64, (size+7)/8) // aligned for every element type
		d := c.Dims()
		s.result = tensor.Window(unsafe.Pointer(unsafe.SliceData(words)), len(words)*8, c.DType(), d, tensor.Compact(d), 0)
	}
	t.split = s
}

// start counts a part into flight.
func (s *split) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying++
}

// computed counts n units as computed and reports whether all are.
func (s *split) computed(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left -= n
	return s.left == 0 && s.err == nil
}

// fail remembers the first error; no further part will start.
func (s *split) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(err, job.ErrMemoryHeld) { // that nothing else undoes
		s.err = err
	}
}

// land counts a part out and reports whether the job is gone with it: no
// other flies and none will start.
func (s *split) land() (gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	return s.flying == 0 && s.closed
}

// close says that no further part will start, and reports whether none flies.
func (s *split) close() (gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.flying == 0
}

// holds reports whether the job is claimed.
func (s *split) holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// hold claims the job for writing in place, once for all its parts.
func (s *split) hold(l *job.Life) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = s.held || l.Hold()
	return s.held
}

// sub narrows a view of the task to units [u0, u1), cut as Form.Units says.
func (t *Task) sub(v *tensor.View, u0, u1 int) {
	p := &t.Plan.Problem
	switch {
	case u0 == 0 && u1 == t.Units:
	case p.Op == kernels.OpAttention: // Q and the result have a group of heads for each
		heads := v.Matrices() / p.Shape.Batch
		*v = v.Sub(u0*heads, u1*heads)
	case p.Shape.Batch != 1:
		*v = v.Sub(u0, u1)
	case p.Op == kernels.OpSoftmax:
		*v = v.Slice(u0, u1, 0, v.Cols())
	default:
		v.Columns(u0, u1)
	}
}
