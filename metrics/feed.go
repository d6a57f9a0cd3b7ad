package metrics

import (
	"sync"
	"sync/atomic"
)

// Feed hands decisions to those who listen at the moment. Without a listener a
// decision costs next to nothing. The zero Feed is ready for use.
type Feed struct {
	listening atomic.Int64
	mu        sync.Mutex
	listeners map[*Listener]struct{}
}

// Listener gets the decisions of a Feed from its beginning to its Close. One
// goroutine may use it.
type Listener struct {
	feed    *Feed
	news    chan struct{}
	mu      sync.Mutex
	queue   []Decision
	spare   []Decision
	room    int
	dropped uint64
}

// Record implements Recorder.
func (f *Feed) Record(d *Decision) {
	if f.listening.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		l.offer(d)
	}
}

// Listen begins to listen. Up to room decisions wait to be taken; those that
// find no room are counted and lost.
func (f *Feed) Listen(room int) *Listener {
	l := &Listener{feed: f, news: make(chan struct{}, 1), room: max(room, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners = map[*Listener]struct{}{}
	}
	f.listeners[l] = struct{}{}
	f.listening.Store(int64(len(f.listeners)))
	return l
}

func (l *Listener) offer(d *Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == l.room {
		l.dropped++
		return
	}
	l.queue = append(l.queue, Decision{})
	l.queue[len(l.queue)-1].CopyFrom(d)
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// News tells when there are decisions to take.
func (l *Listener) News() <-chan struct{} { return l.news }

// Take returns the decisions since the last Take, which are good until the
// next, and how many were lost meanwhile.
func (l *Listener) Take() (d []Decision, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, dropped = l.queue, l.dropped
	l.queue, l.spare, l.dropped = l.spare[:0], d, 0
	return d, dropped
}

// Close stops listening.
func (l *Listener) Close() {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
	f.listening.Store(int64(len(f.listeners)))
}
