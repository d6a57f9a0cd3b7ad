package fleet

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// queue predicts how long a member is busy with what it was given. Jobs with an
// operand count by how many use its copy there, which the copy knows; of the
// others an average is known. It is guarded by the fleet's mu.
type queue struct {
	total  time.Duration // of all that is in active
	active map[*slot]bool

	loose     int64         // jobs without operands, by the last sweep
	looseTime time.Duration // of one, on average
	swept     time.Time
}

// sweepEvery is how old what is known of operands that nobody asks for may get.
const sweepEvery = time.Millisecond

// refresh looks again at a copy and returns how many jobs use it.
func (q *queue) refresh(s *slot, m *member) (jobs int64) {
	jobs = s.copy.InUse() + s.pending
	q.charge(s, m, jobs)
	return jobs
}

// charge counts some jobs with a slot's copy.
func (q *queue) charge(s *slot, m *member, jobs int64) {
	if jobs <= 0 {
		q.forget(s)
		return
	}
	if q.active == nil {
		q.active = map[*slot]bool{}
	}
	q.active[s] = true
	next := m.predict(s, jobs)
	q.total += next - s.charged
	s.charged = next
}

func (q *queue) forget(s *slot) {
	q.total -= s.charged
	s.charged = 0
	delete(q.active, s)
}

// sweep looks at everything again, once in a while.
func (q *queue) sweep(m *member, now time.Time) {
	if now.Sub(q.swept) < sweepEvery {
		return
	}
	q.swept = now
	shared := int64(0)
	for s := range q.active {
		shared += q.refresh(s, m)
	}
	q.loose = max(m.s.InFlight()-shared, 0)
}

// wait returns how long all that is there will take.
func (q *queue) wait() time.Duration { return q.total + time.Duration(q.loose)*q.looseTime }

// add counts one more job without an operand.
func (q *queue) add(cost time.Duration) {
	q.loose++
	if q.looseTime == 0 {
		q.looseTime = cost
		return
	}
	q.looseTime += (cost - q.looseTime) / 8
}

// predict returns how long some jobs with a slot's copy take.
func (m *member) predict(s *slot, jobs int64) time.Duration {
	d, err := m.s.Predict(s.problem, int(jobs))
	if err != nil { // no kernel for it: the job is about to be refused
		return 0
	}
	return d
}

var _ scheduler.Shared = (*Operand)(nil)
