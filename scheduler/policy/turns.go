package policy

// Turns orders items by the virtual time of their tenants, the least first;
// among equals the one that was pushed first. The zero Turns is ready for use.
//
// It is a heap whose positions are looked at only when an item comes up first:
// a tenant that was charged for work elsewhere moves back then. Charges may
// put a tenant back in any number of Turns without their being told. One that
// was given back time is seen to be ahead when its old position comes up.
//
// A step costs at most the logarithm of the items and one item costs nothing.
type Turns[T any] struct {
	heap  []turn[T]
	one   [1]turn[T] // the heap, until there are more
	count uint64     // pushed so far
}

type turn[T any] struct {
	at    Virtual // the tenant's when it was last looked at
	order uint64
	share *Share
	item  T
}

func (a *turn[T]) before(b *turn[T]) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}

// Len returns the number of items.
func (q *Turns[T]) Len() int { return len(q.heap) }

// Push adds an item of a tenant.
func (q *Turns[T]) Push(s *Share, item T) {
	if q.heap == nil {
		q.heap = q.one[:0]
	}
	q.heap = append(q.heap, turn[T]{s.used, q.count, s, item})
	q.count++
	for i := len(q.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.heap[i].before(&q.heap[up]) {
			return
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

// First returns the item whose turn it is, false if there is none.
func (q *Turns[T]) First() (item T, ok bool) {
	switch len(q.heap) {
	case 0:
		return item, false
	case 1:
		return q.heap[0].item, true
	}
	for {
		top := &q.heap[0]
		moved := top.share.used > top.at
		top.at = top.share.used
		if !moved || !q.down() {
			return q.heap[0].item, true
		}
	}
}

// Drop removes the item that First returned.
func (q *Turns[T]) Drop() {
	end := len(q.heap) - 1
	q.heap[0] = q.heap[end]
	q.heap[end] = turn[T]{}
	if q.heap = q.heap[:end]; end > 1 {
		q.down()
	}
}

// down puts the first turn where it belongs and reports whether that is
// elsewhere. Most belong far down: it looks for the place from below.
func (q *Turns[T]) down() (moved bool) {
	h := q.heap
	t := h[0]
	i := 0
	for next := 1; next < len(h); next = 2*i + 1 {
		if next+1 < len(h) && h[next+1].before(&h[next]) {
			next++
		}
		h[i] = h[next]
		i = next
	}
	for ; i > 0 && t.before(&h[(i-1)/2]); i = (i - 1) / 2 {
		h[i] = h[(i-1)/2]
	}
	h[i] = t
	return i > 0
}
