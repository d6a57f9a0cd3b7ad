package server

import (
	"container/heap"
	"sync"
)

// keeping bounds the results in the books of all sessions. Who keeps most pays for
// what is too much: nobody loses a result because another does not acknowledge theirs.
// A book's lock may be held when this one is taken, never the other way round.
type keeping struct {
	most int64

	mu    sync.Mutex
	bytes int64
	by    map[sharer]*holder
	ranks ranks // of sharers
}

func newKeeping(most int64) *keeping { return &keeping{most: most, by: map[sharer]*holder{}} }

// add counts bytes of a book, whose lock is held: so b.keeps is never less than what
// the book has.
func (k *keeping) add(b *book, n int64) {
	if n == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.by[b.owner]
	if t == nil {
		t = &holder{}
		k.by[b.owner] = t
	}
	k.bytes += n
	t.books.add(&b.keeps, n)
	k.ranks.add(t, n)
	if t.bytes == 0 {
		delete(k.by, b.owner)
	}
}

// payer returns the book whose oldest result goes next; nil if the bound holds.
func (k *keeping) payer() *book {
	k.mu.Lock()
	defer k.mu.Unlock()
	return payer(k.bytes, k.most, k.ranks)
}

// payer decides it: of the sharer who keeps most, the book that keeps most. Sharers
// come first, for a tenant may have many sessions.
func payer(bytes, most int64, sharers ranks) *book {
	if bytes <= most || len(sharers) == 0 {
		return nil
	}
	return sharers[0].books[0].book
}

// shrink has results forgotten until the bound holds. No book's lock is held.
func (k *keeping) shrink() {
	for b := k.payer(); b != nil; b = k.payer() {
		b.pay()
	}
}

func (k *keeping) load() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bytes
}

// holder keeps results: a sharer, with its books, or a book.
type holder struct {
	bytes int64
	at    int // in its ranks, while it keeps anything
	books ranks
	book  *book
}

// ranks is a heap of those who keep anything: who keeps most is first.
type ranks []*holder

// add changes what a holder keeps.
func (r *ranks) add(h *holder, n int64) {
	was := h.bytes
	switch h.bytes += n; {
	case was == 0:
		heap.Push(r, h)
	case h.bytes == 0:
		heap.Remove(r, h.at)
	default:
		heap.Fix(r, h.at)
	}
}

// Len implements heap.Interface.
func (r ranks) Len() int { return len(r) }

// Less implements heap.Interface.
func (r ranks) Less(i, j int) bool { return r[i].bytes > r[j].bytes }

// Swap implements heap.Interface.
func (r ranks) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].at, r[j].at = i, j
}

// Push implements heap.Interface.
func (r *ranks) Push(x any) {
	h := x.(*holder)
	h.at = len(*r)
	*r = append(*r, h)
}

// Pop implements heap.Interface.
func (r *ranks) Pop() any {
	last := len(*r) - 1
	h := (*r)[last]
	(*r)[last], *r = nil, (*r)[:last]
	return h
}
