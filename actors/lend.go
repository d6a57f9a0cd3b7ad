package actors

import (
	"runtime"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

const (
	// lentMessages bounds what a goroutine that lends itself delivers.
	lentMessages = 64
	// ownTries and ownTime bound how often and how long it asks for the
	// ownership.
	ownTries = 512
	ownTime  = time.Millisecond
	// breathTime is what another job may cost: goroutines that compute for long
	// may stand between the callers.
	breathTime = 20 * time.Microsecond
	// minRest to maxRest batches are formed without letting others run, after
	// it did not pay once and time and again.
	minRest, maxRest = 16, 1024
)

// own makes a goroutine the owner, who must call lend. It waits a moment for
// that; false if the loop is busy for longer.
func (l *loop) own() bool {
	if l.tryOwn() {
		return true
	}
	start := time.Now()
	for range ownTries {
		runtime.Gosched()
		if l.tryOwn() {
			return true
		}
		if time.Since(start) > ownTime {
			break
		}
	}
	return false
}

// ownSoon is own for whoever brings work: others may add to it before.
func (l *loop) ownSoon() bool {
	breath := l.breathe()
	if !l.own() {
		return false
	}
	l.breath = breath
	return true
}

// learn is told how many callers' tasks a lent owner has found.
func (l *loop) learn(n int) {
	switch {
	case l.breath == 0:
	case n <= 1 || l.breath > time.Duration(n)*breathTime:
		l.rest = min(max(2*l.rest, minRest), maxRest)
		l.rests.Store(l.rest)
	default:
		l.rest = 0
	}
	l.breath = 0
}

func (l *loop) tryOwn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owned {
		return false
	}
	l.owned = true
	return true
}

// breathe lets others run, unless that did not pay lately, and returns for how
// long.
func (l *loop) breathe() time.Duration {
	if l.rests.Load() > 0 {
		l.rests.Add(-1)
		return 0
	}
	start := time.Now()
	runtime.Gosched()
	return max(time.Since(start), 1)
}

var allNews = sync.Pool{New: func() any { return new(job.Settlement) }}

// lend delivers on a goroutine that is not the loop's, its owner, and leaves
// to the loop's what is too much. Callers are told last of all, when another
// processor may own the loop already.
func (l *loop) lend() {
	news := allNews.Get().(*job.Settlement)
	released := false // nor when a handler ends the goroutine
	defer func() {
		if !released {
			l.news = nil
			l.wake <- struct{}{}
		}
		l.flush(news)
		allNews.Put(news)
	}()
	l.news = news
	for n := 0; n < lentMessages; n++ {
		if l.take() {
			l.deliver()
			continue
		}
		l.news = nil
		if released = l.release(); released {
			return
		}
		l.news = news
	}
}
