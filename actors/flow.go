package actors

import (
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// flow is what waits of one tenant and class in a bucket, first come first
// served.
type flow struct {
	tasks      taskList
	account    *job.Account // of the tenant, to compare without a look at it
	owner      *tenant
	bucket     *bucket
	claim      *claim
	prev, next *flow // in the claim
	class      int
	overtaken  int // batches taken from flows behind this one since its own last
}

// push adds a task of the flow's tenant.
func (f *flow) push(t *Task, clock *policy.Clock) {
	if f.tasks.head == nil {
		f.open(clock)
	}
	f.tasks.push(t)
	t.tenant = f.owner
	f.bucket.plan = t.Plan
	f.bucket.jobs++
	f.bucket.lane.jobs++
}

// pop removes the first task of a flow whose turn it is.
func (f *flow) pop() *Task {
	t := f.tasks.pop()
	if f.tasks.head == nil {
		f.shut()
	}
	f.bucket.jobs--
	f.bucket.lane.jobs--
	return t
}

func (f *flow) open(clock *policy.Clock) {
	who := f.owner
	if who.open == 0 {
		clock.Enter(&who.Share)
	}
	who.open++
	f.overtaken = 0
	f.claim.push(f)
	if c := f.bucket.queues[f.class].crowd; c != nil {
		c.turns.Push(&who.Share, f)
	}
}

func (f *flow) shut() {
	f.owner.open--
	f.claim.remove(f)
	if c := f.bucket.queues[f.class].crowd; c != nil {
		c.turns.Drop()
	}
}

// yield puts the flow's bucket behind the tenant's others in the lane when the
// next of them has waited longer, so that one that is never emptied holds up
// no other.
func (f *flow) yield() {
	if next := f.next; next != nil && f.prev == nil && next.tasks.head.Arrived.Before(f.tasks.head.Arrived) {
		f.claim.remove(f)
		f.claim.push(f)
	}
}
