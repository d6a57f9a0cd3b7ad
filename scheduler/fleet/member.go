package fleet

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// member is one device of a fleet. All but its first fields is guarded by the
// fleet's mu.
type member struct {
	index int
	name  string
	s     *scheduler.Scheduler
	most  int64 // bytes of operands that it may hold

	state  state
	used   int64             // bytes of the copies there, on their way and leaving
	copies map[*version]bool // that are there
	line   []*version        // those that wait for memory here, first come first served
	// leaving are copies that were given up, with their bytes: jobs may use them
	// still.
	leaving map[*scheduler.Operand]int64
	rate    float64 // bytes a second that copies were loaded with
	queue   queue
	counts  counts
}

// state is how a member was when somebody last looked.
type state uint8

const (
	up state = iota
	restarting
	lost
)

func (s state) String() string { return [...]string{"up", "restarting", "lost"}[s] }

// counts are for the metrics.
type counts struct {
	placed                    [policy.PlaceReasons]int64 // jobs
	loads, failed, evicted    int64
	loadedBytes, evictedBytes int64
}

func newMember(index int, name string, s *scheduler.Scheduler, most int64) *member {
	memory := s.Info().Memory
	if most = cmp.Or(most, memory/5*4); most <= 0 { // a device that does not say
		most = math.MaxInt64
	}
	return &member{index: index, name: name, s: s, most: most, copies: map[*version]bool{}, leaving: map[*scheduler.Operand]int64{}, rate: firstRate}
}

// firstRate is what copies are guessed to be loaded with, until one was.
const firstRate = 4e9

// learn takes in how long a load took. Small ones tell too little.
func (m *member) learn(bytes int64, took time.Duration) {
	if bytes < 1<<16 || took <= 0 {
		return
	}
	m.rate += (float64(bytes)/took.Seconds() - m.rate) / 4
}

func (m *member) loadTime(bytes int64) time.Duration {
	return time.Duration(float64(bytes) / m.rate * float64(time.Second))
}

// room returns the bytes that can be had by taking copies that were not asked
// for lately, and by taking all that no job uses.
func (m *member) room(now time.Time) (spare, idle int64) {
	free := m.most - m.used
	spare, idle = free, free
	for v := range m.copies {
		c := v.slots[m.index].asCopy(v, now)
		if c.InUse || c.Fresh {
			continue
		}
		idle += c.Bytes
		if c.Idle >= policy.IdleCopy {
			spare += c.Bytes
		}
	}
	return spare, idle
}

// victims returns the copies to give up for some bytes; false when there is no
// way.
func (m *member) victims(bytes int64, claim policy.Claim, now time.Time) (which []*version, ok bool) {
	vs := m.sorted()
	list := make([]policy.Copy, len(vs))
	for i, v := range vs {
		list[i] = v.slots[m.index].asCopy(v, now)
		list[i].Another = v.elsewhere(m.index)
	}
	order, ok := policy.Evict(list, bytes, claim)
	for _, i := range order {
		which = append(which, vs[i])
	}
	return which, ok
}

// sorted returns the copies in the order in which their operands were loaded:
// decisions must not depend on a map's.
func (m *member) sorted() []*version {
	vs := make([]*version, 0, len(m.copies))
	for v := range m.copies {
		vs = append(vs, v)
	}
	slices.SortFunc(vs, func(a, b *version) int { return cmp.Compare(a.operand.id.ID, b.operand.id.ID) })
	return vs
}
