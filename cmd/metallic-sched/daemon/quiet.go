package daemon

import (
	"sync"
	"time"
)

// quiet lets something be said at most once in a while.
type quiet struct {
	every time.Duration
	mu    sync.Mutex
	last  time.Time
	kept  int
}

// say calls f unless it was called a short while ago, with how often it was not
// since then.
func (q *quiet) say(now time.Time, f func(kept int)) {
	q.mu.Lock()
	if now.Sub(q.last) < q.every {
		q.kept++
		q.mu.Unlock()
		return
	}
	kept := q.kept
	q.last, q.kept = now, 0
	q.mu.Unlock()
	f(kept)
}
