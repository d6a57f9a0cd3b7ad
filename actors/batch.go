package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// CloseReason says why a batch was closed when it was.
type CloseReason uint8

// The close reasons.
const (
	SlotFree CloseReason = iota + 1 // the device had room
	Full                            // the batch reached its limit
	Lingered                        // the linger ran out
	Alone                           // the device had room and one job waited
	Retried                         // part of a batch that failed
	Checked                         // one job of a batch, again to compare its bits
)

func (r CloseReason) String() string {
	switch r {
	case SlotFree:
		return "slot_free"
	case Full:
		return "full"
	case Lingered:
		return "linger"
	case Alone:
		return "alone"
	case Retried:
		return "retry"
	case Checked:
		return "check"
	}
	return "none"
}

// Batch travels through the actors: as a credit to a dispatcher, formed to a
// kernel actor, bound to the device actor and, completed, back to it. It is
// reused; one actor or the device has it at any time.
type Batch struct {
	device.Batch
	engine *Engine

	// The credit: what may be taken and from where.
	slot        uint64 // number of the credit that it was, or took the place of
	shard       *shard
	lane        *lane
	class       int
	maxColumns  int
	maxProblems int
	pick        string // why this lane
	lingered    bool
	ahead       float64 // nanoseconds charged for a unit that is taken

	// The work.
	parts      []part
	problems   int
	columns    int // units of all parts
	broad      int // parts
	reason     CloseReason
	attempt    int
	refused    error // why it could not be bound
	scratch    bindings
	check      *check // what a job's result is compared with, nil for other work
	settlement job.Settlement
	arena      arena
	inner      arena // what kernels hand on, and operands that were loaded, gathered
	stretches  []stretch

	// What happened.
	key       kernels.Key
	compiled  bool // a kernel had to be compiled first
	thawed    bool // it was, while the batch was set aside
	predicted time.Duration
	oldest    time.Time // arrival of the job that waited longest
	formed    time.Time
	committed time.Time
	begun     time.Time // when the host was through with it, zero before
	ended     time.Time
	settled   bool          // costs, charges and records are done
	stage     atomic.Int32  // of the commit: see idle
	epoch     int           // of the queue that it was bound for: see Engine
	compiler  *device.Cache // that scratch.compiled came from
	wreckage  *wreckage     // that it is part of, nil for none
	timing    device.Timing
	err       error
	callers   int          // who were told of results
	inFlight  int64        // jobs, before they were
	unwritten atomic.Int32 // jobs that failed because their results could not be
}

// part is units [u0, u1) of a task in a batch.
type part struct {
	task    *Task
	u0, u1  int
	bucket  int // parts of one bucket may share a problem
	problem int // index of the problem it was bound to
	col     int // its first column or row there
	inPlace bool
	held    bool
	sampled bool // to be run again alone
}

// units is what the part counts for in its batch.
func (p *part) units() int { return max(p.u1-p.u0, 1) }

func (b *Batch) plan() *kernels.Plan { return b.parts[0].task.Plan }

// room reports whether the credit allows for more.
func (b *Batch) room() bool { return b.takes() && b.problems < b.maxProblems }

// takes reports whether the credit allows for another job of the problem.
func (b *Batch) takes() bool { return b.columns < b.maxColumns && len(b.parts) < b.engine.MaxJobs }

// openProblem starts the next problem; work that stands alone opens one per
// part when it is bound.
func (b *Batch) openProblem() { b.problems++ }

// add takes the units of t that fit. It reports whether all of t has been
// handed out now.
func (b *Batch) add(t *Task) (whole bool) {
	units := t.Units
	n := min(units-t.taken, b.maxColumns-b.columns)
	if n < units && t.split == nil {
		t.cut(b.engine.writesInPlace(t))
	}
	if t.split != nil {
		t.split.start()
	}
	b.parts = append(b.parts, part{task: t, u0: t.taken, u1: t.taken + n, bucket: b.problems - 1})
	if b.parts[len(b.parts)-1].broad() {
		b.broad++
	}
	if b.oldest.IsZero() || t.Arrived.Before(b.oldest) {
		b.oldest = t.Arrived
	}
	t.taken += n
	b.columns += max(n, 1)
	whole = t.taken == units
	if whole && t.split != nil {
		t.split.close()
	}
	return whole
}

// arrange puts broad parts, which stand alone, behind the others of their bucket,
// whose product they would cut in two.
func (b *Batch) arrange() {
	if b.broad == 0 || b.broad == len(b.parts) {
		return
	}
	slices.SortStableFunc(b.parts, func(p, q part) int {
		switch broad := p.broad(); {
		case p.bucket != q.bucket:
			return p.bucket - q.bucket
		case broad == q.broad():
			return 0
		case broad:
			return 1
		}
		return -1
	})
}

// clear makes the batch ready for another credit.
func (b *Batch) clear() {
	clear(b.parts)
	b.parts = b.parts[:0]
	b.scratch.clear()
	b.resetMemory()
	b.Stages = b.Stages[:0]
	b.shard, b.lane, b.check, b.refused, b.err = nil, nil, nil, nil, nil
	b.problems, b.columns, b.broad, b.attempt, b.reason, b.ahead = 0, 0, 0, 0, 0, 0
	b.lingered, b.compiled, b.settled = false, false, false
	b.stage.Store(idle)
	b.oldest, b.begun = time.Time{}, time.Time{}
	b.timing = device.Timing{}
	b.callers, b.inFlight = 0, 0
	b.unwritten.Store(0)
}

// newBatch returns an empty batch.
func (e *Engine) newBatch() *Batch {
	if n := len(e.spare); n > 0 {
		b := e.spare[n-1]
		e.spare[n-1] = nil
		e.spare = e.spare[:n-1]
		return b
	}
	b := &Batch{
		engine: e,
		arena:  arena{device: e.device, space: device.SpaceShared, relieve: e.relieve},
		inner:  arena{device: e.device, relieve: e.relieve},
	}
	b.Begun = func(*device.Batch) { e.sendDevice((*begun)(b)) }
	b.Done = func(_ *device.Batch, t device.Timing, err error) { b.complete(t, err) }
	return b
}

// recycle gives up the batch's tasks, whose callers have been told, and makes
// it ready for reuse.
func (e *Engine) recycle(b *Batch) {
	b.leave()
	b.clear()
	if b.wreckage != nil { // its queue is gone, and perhaps its device
		b.moveMemory(e.device)
		b.wreckage.letGo()
		b.wreckage = nil
	}
	e.spare = append(e.spare, b)
	e.boundSpare(b)
}

// leave gives up the batch's hold on its tasks.
func (b *Batch) leave() {
	b.leaveRings()
	var r releases
	for i := range b.parts {
		b.parts[i].leave(&r)
	}
	r.flush()
	clear(b.parts)
	b.parts = b.parts[:0]
}
