package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// reading bounds what the messages of all calls together take while they are
// read and decoded. A message has its whole size reserved before any of it is
// read: what has begun can end, and what waits holds nothing. Two kinds hold up to
// stepBytes while they wait for the rest of the limit, and give that back when their
// patience ends: those whose size is not known, which first have room for little more
// than has come, and small ones that are compressed, when all of them is there. No tenant
// gets more than half, so that one who sends slowly does not stop the others.
type reading struct {
	most, share int64
	patience    time.Duration // for room
	all         *semaphore.Weighted
	held        atomic.Int64

	mu      sync.Mutex
	tenants map[string]*readers
}

// readers are one tenant's.
type readers struct {
	room    *semaphore.Weighted
	waiting int
	held    int64
}

// readingPatience is how long a message waits for room.
const readingPatience = 10 * time.Second

func newReading(l *Limits) *reading {
	message := int64(l.MessageBytes)
	most := max(l.ReadingBytes, message)
	return &reading{
		most: most, share: max(most/2, message), patience: readingPatience,
		all: semaphore.NewWeighted(most), tenants: map[string]*readers{},
	}
}

// reserve waits for room for a message of n bytes, at most one message's limit.
func (r *reading) reserve(ctx context.Context, who string, n int64) error {
	late, stop := context.WithTimeout(ctx, r.patience)
	defer stop()
	own := r.enter(who)
	if !own.TryAcquire(n) && own.Acquire(late, n) != nil { // room that is there is not waited for
		r.leave(who, 0)
		return r.full(ctx, "bytes of the tenant's messages being read", who, r.share, n)
	}
	if !r.all.TryAcquire(n) && r.all.Acquire(late, n) != nil {
		own.Release(n)
		r.leave(who, 0)
		return r.full(ctx, "bytes of messages being read", "", r.most, n)
	}
	r.held.Add(n)
	r.leave(who, n)
	return nil
}

func (r *reading) full(ctx context.Context, limit, who string, most, n int64) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &job.QueueFullError{Limit: limit, Tenant: who, InUse: r.held.Load(), Max: most, Excess: n, RetryAfter: time.Second}
}

// release gives back n bytes of what was reserved.
func (r *reading) release(who string, n int64) {
	r.held.Add(-n)
	r.all.Release(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.tenants[who]
	x.room.Release(n)
	x.held -= n
	r.tidy(who, x)
}

// enter is for who waits for room, until leave.
func (r *reading) enter(who string) *semaphore.Weighted {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.tenants[who]
	if x == nil {
		x = &readers{room: semaphore.NewWeighted(r.share)}
		r.tenants[who] = x
	}
	x.waiting++
	return x.room
}

// leave is for who waits no longer, and got n bytes.
func (r *reading) leave(who string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.tenants[who]
	x.waiting--
	x.held += n
	r.tidy(who, x)
}

// tidy forgets a tenant that neither waits for room nor has any.
func (r *reading) tidy(who string, x *readers) {
	if x.waiting == 0 && x.held == 0 {
		delete(r.tenants, who)
	}
}

// Reading returns the bytes that Limits.ReadingBytes bounds.
func (s *Server) Reading() int64 { return s.reading.held.Load() }
