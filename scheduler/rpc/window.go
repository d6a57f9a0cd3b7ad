package rpc

// window has the calls that are not answered, by their ids, which are given in
// order.
type window struct {
	base  uint64  // the id of calls[0]
	calls []*call // nil for those that are answered
	head  int     // calls before it are gone
}

// add gives a call its id.
func (w *window) add(c *call) {
	c.id = w.base + uint64(len(w.calls))
	w.calls = append(w.calls, c)
}

// get returns a call that is not answered, or nil.
func (w *window) get(id uint64) *call {
	if i := id - w.base; id >= w.base && i < uint64(len(w.calls)) {
		return w.calls[i]
	}
	return nil
}

// remove takes a call out.
func (w *window) remove(id uint64) {
	w.calls[id-w.base] = nil
	for w.head < len(w.calls) && w.calls[w.head] == nil {
		w.head++
	}
	if w.head > len(w.calls)/2 {
		n := copy(w.calls, w.calls[w.head:])
		clear(w.calls[n:])
		w.calls, w.base, w.head = w.calls[:n], w.base+uint64(w.head), 0
	}
}

// answered returns the id up to which everything is answered.
func (w *window) answered() uint64 { return w.base + uint64(w.head) - 1 }

// each calls f for all calls, in order. f may remove none.
func (w *window) each(f func(*call)) {
	for _, c := range w.calls[w.head:] {
		if c != nil {
			f(c)
		}
	}
}
