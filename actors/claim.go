package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// claim is what one tenant has waiting in a lane, of one class: flows, in the
// order in which their buckets are to be taken.
type claim struct {
	owner      *tenant
	lane       *lane
	class      int
	head, tail *flow
	queued     bool // in the lane's turns, where it stays until it comes up empty
}

func (c *claim) push(f *flow) {
	f.prev, f.next = c.tail, nil
	if c.tail == nil {
		c.head = f
	} else {
		c.tail.next = f
	}
	c.tail = f
	if !c.queued {
		c.queued = true
		c.lane.classes[c.class].turns.Push(&c.owner.Share, c)
	}
}

func (c *claim) remove(f *flow) {
	if f.prev == nil {
		c.head = f.next
	} else {
		f.prev.next = f.next
	}
	if f.next == nil {
		c.tail = f.prev
	} else {
		f.next.prev = f.prev
	}
	f.prev, f.next = nil, nil
}

const (
	maxCompared  = 32 // buckets, of those that have waited longest
	maxOvertaken = 8
)

// most returns the flow whose bucket has the most demand (see policy.Pick), but
// the first that was overtaken too often. A bucket that holds a single job for
// good only has it for having waited longest.
func (c *claim) most(now time.Time) *flow {
	if c.head.bucket.key.alone != nil {
		return c.head
	}
	best, demand := c.head, -1.0
	for f, n := c.head, 0; f != nil && n < maxCompared; f, n = f.next, n+1 {
		if f.overtaken >= maxOvertaken {
			return f
		}
		if d := float64(f.bucket.jobs) * float64(now.Sub(f.tasks.head.Arrived)); d > demand {
			best, demand = f, d
		}
	}
	return best
}

// overtake counts f as taken before those that stand ahead of it.
func (f *flow) overtake() {
	f.overtaken = 0
	for ahead := f.prev; ahead != nil; ahead = ahead.prev {
		ahead.overtaken++
	}
}

// claims are those of all tenants to one class of a lane, who take turns.
type claims struct {
	turns policy.Turns[*claim]
	all   map[*tenant]*claim // nil until there is a second
	last  *claim             // made last
}

// first returns the claim whose turn it is, nil if nothing waits.
func (cs *claims) first() *claim {
	if cs.all != nil {
		return cs.next()
	}
	if c := cs.last; c != nil && c.head != nil {
		return c
	}
	return nil
}

// next is first for many.
func (cs *claims) next() *claim {
	for {
		c, ok := cs.turns.First()
		if !ok || c.head != nil {
			return c
		}
		cs.turns.Drop()
		c.queued = false
	}
}

// claimOf returns a tenant's claim.
func (s *shard) claimOf(who *tenant, l *lane, class int) *claim {
	if c := who.claim; c != nil && c.lane == l && c.class == class {
		return c
	}
	cs := &l.classes[class]
	c := cs.last
	if c == nil || c.owner != who {
		c = s.findClaim(cs, who, l, class)
	}
	who.claim = c
	return c
}

func (s *shard) findClaim(cs *claims, who *tenant, l *lane, class int) *claim {
	if c := cs.all[who]; c != nil {
		return c
	}
	c := &claim{owner: who, lane: l, class: class}
	if cs.last != nil {
		s.addClaim(cs, c)
	}
	cs.last = c
	return c
}

// addClaim adds one more to the claims of many.
func (s *shard) addClaim(cs *claims, c *claim) {
	if cs.all == nil {
		cs.all = map[*tenant]*claim{cs.last.owner: cs.last}
		s.kept++
	}
	if s.crowded(len(cs.all), cs.turns.Len()) {
		for who, idle := range cs.all {
			if !idle.queued {
				delete(cs.all, who)
				s.kept--
			}
		}
	}
	cs.all[c.owner] = c
	s.kept++
}

// crowded reports whether so much is kept of tenants who have nothing waiting,
// which saves making it again, that it is time to forget some: here at least
// half of what there is.
func (s *shard) crowded(here, waiting int) bool {
	return s.kept > maxKept && here > 2*waiting+minKept
}

const (
	maxKept = 1 << 16
	minKept = 64
)

// forgetClaims is for a lane that is closed for good.
func (s *shard) forgetClaims(l *lane) {
	for class := range l.classes {
		s.kept -= len(l.classes[class].all)
	}
}
