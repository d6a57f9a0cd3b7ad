package server

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// session is one caller over all of its connections.
type session struct {
	name  string
	owner string // the tenant, who alone may come back to it
	store *store
	book  *book
	run   string // what its client knows the server by: another after it was forgotten

	mu       sync.RWMutex
	operands map[uint64]*hold
	regions  map[uint64]*region
	closed   bool

	streams int       // guarded by sessions.mu, like seen
	seen    time.Time // when the last stream or call ended
}

// hold is an operand in a session's hands.
type hold struct {
	operand *operand
	times   int
}

// sessions are those that the server knows.
type sessions struct {
	limits *Limits
	make   func(name, owner string) *session

	mu      sync.Mutex
	byID    map[string]*session
	byOwner map[string]int // how many
}

const minSession, maxSession = 16, 64

// enter returns the session of a name, and whether it is a new one. leave must
// follow. The empty name is a session of its own each time. Others than the
// owner learn nothing by a name, though they know it.
func (s *sessions) enter(name, owner string) (x *session, fresh bool, err error) {
	if name == "" {
		return s.make("", owner), true, nil
	}
	if len(name) < minSession || len(name) > maxSession {
		return nil, false, wire.Invalid("session", "empty, or 16 to 64 bytes", "%d bytes", len(name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x = s.byID[name]
	if fresh = x == nil; fresh {
		if err := s.full(owner); err != nil {
			return nil, false, err
		}
		x = s.make(name, owner)
		s.byID[name] = x
		s.byOwner[owner]++
	}
	if x.owner != owner {
		return nil, false, errNotYours("the session", "a name of your own choice")
	}
	x.streams++
	return x, fresh, nil
}

// full returns why there can be no more sessions of an owner.
func (s *sessions) full(owner string) error {
	all, most := int64(len(s.byID)), int64(s.limits.Sessions)
	if all >= most {
		return &job.QueueFullError{Limit: "sessions", InUse: all, Max: most, Excess: 1}
	}
	own, most := int64(s.byOwner[owner]), max(most/2, 1)
	if owner != "" && own >= most {
		return &job.QueueFullError{Limit: "sessions of the tenant", Tenant: owner, InUse: own, Max: most, Excess: 1}
	}
	return nil
}

// leave ends what enter began. A session without a name is closed.
func (s *sessions) leave(x *session) {
	if x.name == "" {
		x.close(job.ErrCancelled)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.streams--
	x.seen = time.Now()
}

// find returns a session that has a stream or call open, or nil.
func (s *sessions) find(name string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.byID[name]; x != nil && x.streams > 0 {
		return x
	}
	return nil
}

// end closes a session that nobody else uses.
func (s *sessions) end(x *session) {
	for _, x := range s.take(func(other *session) bool { return other == x && x.streams == 0 }) {
		x.close(job.ErrCancelled)
	}
}

// expire closes the sessions that nobody has used since a time.
func (s *sessions) expire(before time.Time) {
	for _, x := range s.take(func(x *session) bool { return x.streams == 0 && x.seen.Before(before) }) {
		x.close(fmt.Errorf("%w: its caller is gone", job.ErrCancelled))
	}
}

// each calls f for every session.
func (s *sessions) each(f func(*session)) {
	s.mu.Lock()
	all := make([]*session, 0, len(s.byID))
	for _, x := range s.byID {
		all = append(all, x)
	}
	s.mu.Unlock()
	for _, x := range all {
		f(x)
	}
}

// take removes sessions and returns them.
func (s *sessions) take(which func(*session) bool) (taken []*session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, x := range s.byID {
		if which(x) {
			delete(s.byID, name)
			if s.byOwner[x.owner]--; s.byOwner[x.owner] == 0 {
				delete(s.byOwner, x.owner)
			}
			taken = append(taken, x)
		}
	}
	return taken
}

func (s *sessions) count() (known, streams int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.byID {
		streams += int64(x.streams)
	}
	return int64(len(s.byID)), streams
}

// close cancels the session's jobs and gives up its operands.
func (x *session) close(cause error) {
	x.book.close(cause)
	x.mu.Lock()
	held, regions := x.operands, x.regions
	x.operands, x.regions, x.closed = nil, nil, true
	x.mu.Unlock()
	for _, r := range regions {
		r.close()
	}
	for _, h := range held {
		x.store.release(h.operand, h.times, x.owner)
	}
}

// take keeps an operand that was acquired for the session.
func (x *session) take(o *operand) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		x.store.release(o, 1, x.owner)
		return job.ErrCancelled
	}
	h := x.operands[o.id]
	if h == nil {
		h = &hold{operand: o}
		x.operands[o.id] = h
	}
	h.times++
	return nil
}

// release gives an operand up once.
func (x *session) release(id uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	h := x.operands[id]
	if h == nil {
		return fmt.Errorf("%w: the session holds no operand %d", job.ErrReleased, id)
	}
	if h.times--; h.times == 0 {
		delete(x.operands, id)
	}
	x.store.release(h.operand, 1, x.owner)
	return nil
}

// operand returns an operand that the session holds.
func (x *session) operand(id uint64) (tensor.View, error) {
	x.mu.RLock()
	h := x.operands[id]
	x.mu.RUnlock()
	if h == nil {
		return tensor.View{}, fmt.Errorf("%w: the session holds no operand %d", job.ErrReleased, id)
	}
	return h.operand.loaded.View(), nil
}
