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
}

func laneOf(p *kernels.Plan) laneKey {
	q := &p.Problem
	key := laneKey{family: p.Row.Family, a: q.A, b: q.B, c: q.C, single: q.Shape.Batch == 1}
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
	queues [job.Classes]taskList
	links  [job.Classes]struct{ prev, next *bucket }
	plan   *kernels.Plan // of the task that came last
	jobs   int

	overtaken int // batches taken from buckets behind this one since its own last
}

// fits reports whether t belongs to b, cheaply and with no false yes.
func (b *bucket) fits(t *Task) bool {
	return b != nil && b.plan == t.Plan && b.key.holds(t)
}

func (b *bucket) push(t *Task) {
	q := &b.queues[t.Class]
	if q.head == nil {
		b.lane.classes[t.Class].push(b, t.Class)
	}
	q.push(t)
	b.plan = t.Plan
	b.jobs++
	b.lane.jobs++
}

// pop removes the first task of a class.
func (b *bucket) pop(class int) *Task {
	q := &b.queues[class]
	t := q.pop()
	if q.head == nil {
		b.lane.classes[class].remove(b, class)
	}
	b.jobs--
	b.lane.jobs--
	return t
}

// lane holds the buckets whose batches may share a command buffer.
type lane struct {
	key      laneKey
	buckets  map[bucketKey]*bucket
	classes  [job.Classes]bucketList // buckets with tasks of a class, oldest first
	jobs     int
	cold     int // batches whose kernels are being compiled
	width    int // columns worth taking at once, by the cost model
	group    int // products worth putting in one command buffer
	rest     int // batches until these are worked out again
	measured int // how often they were
	place    int // in shard.open, -1 when nothing waits
}

// bucketList is a queue of buckets linked through bucket.links[class].
type bucketList struct{ head, tail *bucket }

func (l *bucketList) push(b *bucket, class int) {
	b.links[class].prev, b.links[class].next = l.tail, nil
	if l.tail == nil {
		l.head = b
	} else {
		l.tail.links[class].next = b
	}
	l.tail = b
}

func (l *bucketList) remove(b *bucket, class int) {
	link := &b.links[class]
	if link.prev == nil {
		l.head = link.next
	} else {
		link.prev.links[class].next = link.next
	}
	if link.next == nil {
		l.tail = link.prev
	} else {
		link.next.links[class].prev = link.prev
	}
	link.prev, link.next = nil, nil
}

const (
	maxCompared  = 32 // buckets, of those that have waited longest
	maxOvertaken = 8
)

// most returns the bucket with the most demand (see policy.Pick), but the first
// that was overtaken too often. One that holds a single job for good only has
// it for having waited longest.
func (l *bucketList) most(class int, now time.Time) *bucket {
	if l.head.key.alone != nil {
		return l.head
	}
	best, demand := l.head, -1.0
	for b, n := l.head, 0; b != nil && n < maxCompared; b, n = b.links[class].next, n+1 {
		if b.overtaken >= maxOvertaken {
			return b
		}
		if d := float64(b.jobs) * float64(now.Sub(b.queues[class].head.Arrived)); d > demand {
			best, demand = b, d
		}
	}
	return best
}

// overtake counts b as taken before those that stand ahead of it in a class.
func (b *bucket) overtake(class int) {
	b.overtaken = 0
	for ahead := b.links[class].prev; ahead != nil; ahead = ahead.links[class].prev {
		ahead.overtaken++
	}
}

// yield puts b behind the other buckets in each class where the next one has
// waited longer, so that one that is never emptied holds up nobody.
func (b *bucket) yield() {
	for class := range b.queues {
		list := &b.lane.classes[class]
		if next := b.links[class].next; list.head == b && next != nil &&
			next.queues[class].head.Arrived.Before(b.queues[class].head.Arrived) {
			list.remove(b, class)
			list.push(b, class)
		}
	}
}

// oldest returns, for each class, when the lane's longest waiting task of it
// came; zero for none.
func (l *lane) oldest() (at [job.Classes]time.Time) {
	for c := range l.classes {
		if b := l.classes[c].head; b != nil {
			at[c] = b.queues[c].head.Arrived
		}
	}
	return at
}
