package server

import (
	"sync"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// sharing counts shared memory against its bounds.
type sharing struct {
	most int64

	mu  sync.Mutex
	all int64
	by  map[sharer]int64
}

// sharer is whose shared memory and kept results they are: a tenant's, or a session's
// whose owner has no name, for such are all callers of a unix socket who show no token.
// Sessions that have no name either, each of one call or stream, are one sharer: nobody
// can come back for their results, so that it does no harm if they pay for one another.
type sharer struct{ tenant, session string }

func sharerOf(x *session) sharer {
	if x.owner != "" {
		return sharer{tenant: x.owner}
	}
	return sharer{session: x.name}
}

func newSharing(most int64) *sharing { return &sharing{most: most, by: map[sharer]int64{}} }

// shareOf is what one sharer can have of most bytes: what remains is for others.
func shareOf(most int64) int64 { return max(most/2, 1) }

// sharable returns why a sharer who has own bytes, of all that are shared, cannot have n
// more.
func sharable(n, own, all, most int64, who string) error {
	if over := all + n - most; over > 0 {
		return &job.QueueFullError{Limit: "bytes of shared memory", InUse: all, Max: most, Excess: over}
	}
	share := shareOf(most)
	if over := own + n - share; over > 0 {
		limit := "bytes of shared memory of the tenant"
		if who == "" {
			limit = "bytes of shared memory of the session"
		}
		return &job.QueueFullError{Limit: limit, Tenant: who, InUse: own, Max: share, Excess: over}
	}
	return nil
}

// take counts n bytes more, at most a share.
func (s *sharing) take(who sharer, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := sharable(n, s.by[who], s.all, s.most, who.tenant); err != nil {
		return err
	}
	s.all += n
	s.by[who] += n
	return nil
}

// free counts them no more.
func (s *sharing) free(who sharer, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all -= n
	if s.by[who] -= n; s.by[who] == 0 {
		delete(s.by, who)
	}
}

func (s *sharing) bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}
