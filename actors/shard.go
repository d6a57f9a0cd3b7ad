package actors

import (
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// shard is what one dispatcher looks after: an inbox and open buckets. It is
// a plain structure that outlives the actor. Jobs that could share a batch
// always meet in one shard.
//
// Anybody may put into the inbox; the rest belongs to the goroutine that all
// actors share.
type shard struct {
	stripes
	owner   *dispatcher
	tenants *tenants
	trace   *trace // nil unless traced
	_       line

	lanes  map[laneKey]*lane
	open   []*lane // lanes in which something waits
	last   *bucket // where the last task went
	spare  []*bucket
	flows  []*flow      // spare
	crowds []*crowd     // spare
	kept   int          // flows and claims in maps
	queued atomic.Int64 // tasks in buckets, for whoever asks
}

func newShard(stripes int, ts *tenants) *shard {
	return &shard{stripes: newStripes(stripes), tenants: ts, lanes: map[laneKey]*lane{}}
}

// absorb moves everything that came in into buckets and reports whether
// anything waits.
func (s *shard) absorb() bool {
	for i := range s.all {
		s.insertAll(s.all[i].take())
	}
	return s.waits()
}

// absorbOne moves what is in one stripe, the nearest, and returns how many
// callers put it there.
func (s *shard) absorbOne() int { return s.insertAll(s.take()) }

func (s *shard) waits() bool { return len(s.open) > 0 }

func (s *shard) insertAll(t *Task) (callers int) {
	n := 0
	for ; t != nil; n++ {
		next := t.next
		if t.first {
			t.first = false
			callers++
		}
		s.insert(t)
		t = next
	}
	if n > 0 {
		s.queued.Add(int64(n))
	}
	return callers
}

func (s *shard) insert(t *Task) {
	b := s.last
	if !b.fits(t) {
		b = s.find(t)
	}
	if b.lane.jobs == 0 {
		s.openLane(b.lane)
	}
	f := b.queues[t.Class].flow
	if f == nil || f.account != t.Account {
		f = s.flowOf(b, t)
	}
	f.push(t, &s.tenants.clock)
	if last := s.last; last != b {
		s.last = b
		if last != nil && last.jobs == 0 { // it was only kept for having been the last
			s.close(last)
		}
	}
	if s.trace != nil {
		s.trace.arrived(t)
	}
}

// find returns the task's bucket, opening it if need be.
func (s *shard) find(t *Task) *bucket {
	lk := laneOf(t.Plan)
	l := s.lanes[lk]
	if l == nil {
		l = &lane{key: lk, buckets: map[bucketKey]*bucket{}, place: -1}
		s.lanes[lk] = l
	}
	key := bucketOf(t)
	if key.alone != nil {
		return s.newBucket(key, l)
	}
	b := l.buckets[key]
	if b == nil {
		b = s.newBucket(key, l)
		l.buckets[key] = b
	}
	return b
}

func (s *shard) newBucket(key bucketKey, l *lane) *bucket {
	if n := len(s.spare); n > 0 {
		b := s.spare[n-1]
		s.spare = s.spare[:n-1]
		b.key, b.lane = key, l
		return b
	}
	return &bucket{key: key, lane: l}
}

// close forgets a bucket that became empty, and its lane when that was the
// lane's last, except the ones used last.
func (s *shard) close(b *bucket) {
	if b.lane.jobs == 0 {
		s.closeLane(b.lane)
	}
	if b == s.last {
		if b.key.alone == nil {
			return
		}
		s.last = nil // nothing will ever join it
	}
	l := b.lane
	if b.key.alone == nil {
		delete(l.buckets, b.key)
	}
	if len(l.buckets) == 0 && l.jobs == 0 && len(s.lanes) > maxIdleLanes {
		delete(s.lanes, l.key)
		s.forgetClaims(l)
	}
	s.disperse(b)
	*b = bucket{}
	if len(s.spare) < maxSpareBuckets {
		s.spare = append(s.spare, b)
	}
}

const (
	// maxIdleLanes bounds the lanes kept for shapes that may come back.
	maxIdleLanes    = 256
	maxSpareBuckets = 1024
)

func (s *shard) openLane(l *lane) {
	l.place = len(s.open)
	s.open = append(s.open, l)
}

func (s *shard) closeLane(l *lane) {
	if l.place < 0 {
		return
	}
	end := len(s.open) - 1
	moved := s.open[end]
	s.open[l.place], moved.place = moved, l.place
	s.open[end] = nil
	s.open, l.place = s.open[:end], -1
}

// fill moves tasks into a batch that was given a credit for one of the
// shard's lanes: the bucket that is in front in the class, and further buckets
// of the lane while the credit lasts.
func (s *shard) fill(b *Batch) {
	before := b.lane.jobs
	defer func() { s.queued.Add(int64(b.lane.jobs - before)) }()
	if b.lane.jobs == 0 { // emptied by cancellations since the pick
		return
	}
	defer b.arrange()
	for b.room() {
		f := b.lane.front(b.class, b.formed)
		if f == nil {
			break
		}
		f.overtake()
		bk := f.bucket
		bk.drain(b)
		if bk.jobs > 0 { // the batch is full
			break
		}
		s.close(bk)
	}
}

// drain moves tasks of one bucket into a batch, the class asked for first. In
// each class the tenants take turns.
func (bk *bucket) drain(b *Batch) {
	b.openProblem()
	for i := 0; i < job.Classes; i++ {
		q := &bk.queues[(b.class+job.Classes-i)%job.Classes]
		for b.takes() {
			f := q.first()
			if f == nil {
				break
			}
			f.serve(b, q.crowd == nil)
		}
	}
}

// serve gives the first task of a flow to a batch, or while it takes them all
// of a tenant that is alone, and charges the tenant ahead.
func (f *flow) serve(b *Batch, alone bool) {
	before := b.columns
	for f.hand(b); alone && f.tasks.head != nil && b.takes(); {
		f.hand(b)
	}
	if b.columns > before {
		f.owner.served = b.formed
		if b.ahead != 0 {
			f.owner.Charge(b.ahead * float64(b.columns-before))
		}
	}
	f.yield()
}

// hand gives the first task, or the units of it that fit, to a batch; tasks
// that nobody waits for any more are dropped.
func (f *flow) hand(b *Batch) {
	t := f.tasks.head
	if !t.Deadline.IsZero() && !b.formed.Before(t.Deadline) {
		t.End(job.Expired, job.ErrExpired)
	}
	if t.Units == 0 { // nothing to compute, be it for 2^40 matrices
		t.End(job.Done, nil)
	}
	if !t.Pending() { // also when a part of it has failed
		if b.engine.trace != nil {
			b.engine.trace.left(t, 0)
		}
		f.pop()
		t.abandon()
		return
	}
	if whole := b.add(t); whole {
		f.pop()
	}
}

// abandonAll ends every waiting task with an error and empties the shard.
func (s *shard) abandonAll(o job.Outcome, err error) {
	for _, t := range s.takeAll() {
		t.End(o, err)
		t.abandon()
	}
}

// takeAll empties the shard.
func (s *shard) takeAll() (ts []*Task) {
	s.absorb()
	for len(s.open) > 0 {
		l := s.open[0]
		bk := l.any()
		for c := range bk.queues {
			for f := bk.queues[c].first(); f != nil; f = bk.queues[c].first() {
				ts = append(ts, f.pop())
				s.queued.Add(-1)
			}
		}
		s.close(bk)
	}
	return ts
}
