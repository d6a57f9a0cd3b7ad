package actors

import "github.com/metallic-sched/metallic-sched/scheduler/policy"

// queue is what waits of one class in a bucket: one tenant's flow, or a crowd
// of them.
type queue struct {
	flow  *flow  // that of the last task that came, and the only one without a crowd
	crowd *crowd // nil until a second tenant comes while the first still waits
}

// crowd is the flows of many tenants in one bucket, who take turns.
type crowd struct {
	turns policy.Turns[*flow]
	all   map[*tenant]*flow // also those in which nothing waits just now
}

// first returns the flow whose turn it is, nil if nothing waits.
func (q *queue) first() *flow {
	switch {
	case q.crowd != nil:
		f, _ := q.crowd.turns.First()
		return f
	case q.flow != nil && q.flow.tasks.head != nil:
		return q.flow
	}
	return nil
}

// flowOf returns the flow that a task belongs to when that is not the bucket's
// last.
func (s *shard) flowOf(b *bucket, t *Task) *flow {
	q, who := &b.queues[t.Class], s.tenants.of(t.Account)
	switch {
	case q.flow == nil:
		q.flow = s.newFlow(b)
		s.assign(q.flow, b, t.Class, who)
	case q.crowd == nil && q.flow.tasks.head == nil: // its tenant is gone
		s.assign(q.flow, b, t.Class, who)
	default:
		q.flow = s.flowInCrowd(b, t.Class, who)
	}
	return q.flow
}

func (s *shard) flowInCrowd(b *bucket, class int, who *tenant) *flow {
	q := &b.queues[class]
	if q.crowd == nil {
		q.crowd = s.newCrowd()
		q.crowd.all[q.flow.owner] = q.flow
		s.kept++
		q.crowd.turns.Push(&q.flow.owner.Share, q.flow)
	}
	if f := who.flow; f != nil && f.owner == who && f.bucket == b && f.class == class {
		return f
	}
	f := q.crowd.all[who]
	if f == nil {
		s.sweep(q)
		f = s.newFlow(b)
		s.assign(f, b, class, who)
		q.crowd.all[who] = f
		s.kept++
	}
	who.flow = f
	return f
}

// assign makes an empty flow a tenant's.
func (s *shard) assign(f *flow, b *bucket, class int, who *tenant) {
	f.owner, f.account, f.bucket, f.class = who, who.account, b, class
	f.claim = s.claimOf(who, b.lane, class)
}

// newFlow returns an empty flow: the bucket's own, or another if that is taken.
func (s *shard) newFlow(b *bucket) *flow {
	if b.own.bucket == nil {
		return &b.own
	}
	if n := len(s.flows); n > 0 {
		f := s.flows[n-1]
		s.flows = s.flows[:n-1]
		return f
	}
	return new(flow)
}

func (s *shard) newCrowd() *crowd {
	if n := len(s.crowds); n > 0 {
		c := s.crowds[n-1]
		s.crowds = s.crowds[:n-1]
		return c
	}
	return &crowd{all: map[*tenant]*flow{}}
}

// sweep forgets tenants that have nothing waiting when there are many.
func (s *shard) sweep(q *queue) {
	if !s.crowded(len(q.crowd.all), q.crowd.turns.Len()) {
		return
	}
	for who, f := range q.crowd.all {
		if f.tasks.head == nil {
			delete(q.crowd.all, who)
			s.kept--
			s.forget(f)
		}
	}
}

// forget keeps an empty flow for others.
func (s *shard) forget(f *flow) {
	own := f == &f.bucket.own
	*f = flow{}
	if !own && len(s.flows) < maxSpareFlows {
		s.flows = append(s.flows, f)
	}
}

// disperse gives up the flows of a bucket that is empty.
func (s *shard) disperse(b *bucket) {
	for class := range b.queues {
		q := &b.queues[class]
		switch {
		case q.crowd != nil:
			for _, f := range q.crowd.all {
				s.forget(f)
			}
			s.kept -= len(q.crowd.all)
			clear(q.crowd.all)
			if len(s.crowds) < maxSpareCrowds {
				s.crowds = append(s.crowds, q.crowd)
			}
		case q.flow != nil && q.flow != &b.own:
			s.forget(q.flow)
		}
	}
}

const (
	maxSpareFlows  = 1 << 12
	maxSpareCrowds = 16 // each may be large
)
