package actors

import (
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// laneKey is what jobs must have in common to stand in one command buffer.
type laneKey struct {
	family      kernels.Family
	a, b, c     tensor.DType
	transA      bool
	causal      bool
	offset      bool
	single      bool // one matrix, so that columns can be put side by side
	m, k, width int
	values      int            // length of an attention's values
	weights     kernels.Family // of its softmax
}

func laneOf(p *kernels.Plan) laneKey {
	q := &p.Problem
	key := laneKey{family: p.Row.Family, a: q.A, b: q.B, c: q.C, single: q.Shape.Batch == 1}
	if q.Op == kernels.OpAttention {
		key.m, key.k, key.values, key.width = q.Shape.M*q.Group, q.Shape.K, q.ValueCols, p.Key.Width
		key.weights, key.causal, key.offset, key.single = p.Chain.Weights.Row.Family, q.Causal, q.QueryOffset, false
		return key
	}
	if q.Op == kernels.OpSoftmax {
		key.width, key.causal, key.offset, key.single = p.Key.Width, q.Causal, q.QueryOffset, true
		return key
	}
	key.m, key.k, key.transA = q.Shape.M, q.Shape.K, q.TransA
	return key
}

// bucketKey is what jobs of a lane must share to be computed as one product:
// the operand A. Rows of softmax share nothing and need nothing.
type bucketKey struct {
	memory  Memory // of a loaded operand, one version of its contents
	base    unsafe.Pointer
	offset  int
	strides tensor.Dims
	alone   *Task // set for work that cannot be put side by side
}

func bucketOf(t *Task) bucketKey {
	if t.Plan.Problem.Op == kernels.OpSoftmax {
		return bucketKey{}
	}
	if !t.Plan.SharesColumns() {
		return bucketKey{alone: t}
	}
	a := &t.Form.A
	return bucketKey{memory: t.Memory[OperandA], base: a.Base(), offset: a.Offset(), strides: a.Strides()}
}

// holds reports whether t's operand is the bucket's.
func (k *bucketKey) holds(t *Task) bool {
	if t.Plan.Problem.Op == kernels.OpSoftmax {
		return true
	}
	a := &t.Form.A
	return k.alone == nil && k.base == a.Base() && k.offset == a.Offset() && k.strides == a.Strides() && k.memory == t.Memory[OperandA]
}

// taskList is a queue linked through Task.next.
type taskList struct{ head, tail *Task }

func (l *taskList) push(t *Task) {
	t.next = nil
	if l.head == nil {
		l.head, l.tail = t, t
		return
	}
	l.tail.next = t
	l.tail = t
}

func (l *taskList) pop() *Task {
	t := l.head
	if l.head = t.next; l.head == nil {
		l.tail = nil
	}
	t.next = nil
	return t
}

// bucket is the open batch of one batch key: a queue for each priority class.
type bucket struct {
	key    bucketKey
	lane   *lane
	queues [job.Classes]queue
	plan   *kernels.Plan // of the task that came last
	jobs   int
	own    flow // the first of its flows: most buckets have no other
}

// fits reports whether t belongs to b, cheaply and with no false yes.
func (b *bucket) fits(t *Task) bool {
	return b != nil && b.plan == t.Plan && b.key.holds(t)
}

// lane holds the buckets whose batches may share a command buffer.
type lane struct {
	key      laneKey
	buckets  map[bucketKey]*bucket
	classes  [job.Classes]claims
	jobs     int
	cold     int // batches whose kernels are being compiled
	width    int // columns worth taking at once, by the cost model
	group    int // products worth putting in one command buffer
	rest     int // batches until these are worked out again
	measured int // how often they were
	place    int // in shard.open, -1 when nothing waits
}

// front returns the flow whose bucket to take next: of the class asked for, else
// of the highest class that has one; nil if nothing waits.
func (l *lane) front(class int, now time.Time) *flow {
	if c := l.classes[class].first(); c != nil {
		return c.most(now)
	}
	for class := job.Classes - 1; class >= 0; class-- {
		if c := l.classes[class].first(); c != nil {
			return c.most(now)
		}
	}
	return nil
}

// any returns some bucket of a lane in which something waits.
func (l *lane) any() *bucket {
	for class := range l.classes {
		if c := l.classes[class].first(); c != nil {
			return c.head.bucket
		}
	}
	return nil
}

// contested reports whether more than one tenant may be waiting in the lane.
func (l *lane) contested() bool {
	n := 0
	for class := range l.classes {
		n += l.classes[class].turns.Len()
	}
	return n > 1
}
