//go:build linux && (amd64 || arm64)

package cuda

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// transfers say what parts of twins go to the GPU before a batch's kernels and
// come back after them.
type transfers struct {
	all    []transfer
	pinned []device.Buffer // that are touched
}

// clear forgets all of them, but keeps memory for the next.
func (x *transfers) clear() {
	for i := range x.all {
		x.all[i] = transfer{down: x.all[i].down[:0]}
	}
	clear(x.pinned)
	x.all, x.pinned = x.all[:0], x.pinned[:0]
}

// transfer is one buffer's.
type transfer struct {
	buffer *buffer
	up     span   // everything in it is true on the host before
	down   []span // what kernels wrote, sorted and merged by merge
}

// span is bytes of a buffer; empty if high <= low.
type span struct{ low, high int }

func (s span) empty() bool { return s.high <= s.low }

// with returns what covers both.
func (s span) with(o span) span {
	switch {
	case s.empty():
		return o
	case o.empty():
		return s
	}
	return span{min(s.low, o.low), max(s.high, o.high)}
}

// spanOf returns the bytes that a view spans, and whether it has all of them.
func spanOf(v *tensor.View) (s span, dense bool) {
	d, strides := v.Dims(), v.Strides()
	if v.Len() == 0 {
		return s, true
	}
	elements := 1
	for i := range d {
		elements += (d[i] - 1) * strides[i]
	}
	size := v.DType().Size()
	low := v.Offset() * size
	return span{low, low + elements*size}, elements == v.Len()
}

// of returns the transfer of a buffer, nil for one without a twin.
func (x *transfers) of(b device.Buffer) *transfer {
	own, ok := b.(*buffer)
	if !ok {
		return nil // encoding says so
	}
	x.pinned = appendPinned(x.pinned, b)
	if !own.twins() {
		return nil
	}
	for i := range x.all {
		if x.all[i].buffer == own {
			return &x.all[i]
		}
	}
	n := len(x.all)
	x.all = slices.Grow(x.all, 1)[:n+1] // what clear left there has memory
	x.all[n].buffer = own
	return &x.all[n]
}

func (x *transfers) read(r *device.Region) {
	if t := x.of(r.Buffer); t != nil {
		s, _ := spanOf(&r.View)
		t.up = t.up.with(s)
	}
}

// write notes a region that is written: all of it, or some. What lies between
// its elements must be true on the GPU too, for it comes back with them.
func (x *transfers) write(r *device.Region, whole bool) {
	t := x.of(r.Buffer)
	if t == nil {
		return
	}
	s, dense := spanOf(&r.View)
	if s.empty() {
		return
	}
	if !dense || !whole {
		t.up = t.up.with(s)
	}
	t.down = append(t.down, s)
}

func (x *transfers) copy(c *device.Copy) {
	x.read(&c.Src)
	x.write(&c.Dst, true)
}

func (x *transfers) dispatch(d *device.Dispatch) {
	if m := d.Matmul; m != nil {
		if m.ReadsOperands() {
			x.read(&m.A)
			x.read(&m.B)
		}
		if slices.ContainsFunc(m.Runs, func(r device.Run) bool { return r.Beta != 0 }) {
			x.read(&m.C)
		}
		for i := range m.Biases {
			x.read(&m.Biases[i])
		}
		x.write(&m.C, true)
	}
	if s := d.Softmax; s != nil {
		x.read(&s.X)
		cols := s.Y.View.Cols()
		x.write(&s.Y, !slices.ContainsFunc(s.Rows, func(r device.RowRun) bool { return r.Cols != cols }))
	}
}

// merge joins what touches.
func merge(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.low - b.low })
	n := 0
	for _, s := range all {
		if n > 0 && s.low <= all[n-1].high {
			all[n-1].high = max(all[n-1].high, s.high)
			continue
		}
		all[n] = s
		n++
	}
	return all[:n]
}

// up copies to the twins.
func (q *queue) up(x *transfers) error {
	for i := range x.all {
		t := &x.all[i]
		if t.up.empty() {
			continue
		}
		to, from := driverPointer(t.buffer, t.up.low), within(t.buffer, t.up.low)
		if err := q.stream.CopyToDevice(to, from, t.up.high-t.up.low); err != nil {
			return q.device.failed(copyKernel, err)
		}
	}
	return nil
}

// down copies from the twins.
func (q *queue) down(x *transfers) error {
	for i := range x.all {
		t := &x.all[i]
		for _, s := range merge(t.down) {
			if err := q.stream.CopyToHost(within(t.buffer, s.low), driverPointer(t.buffer, s.low), s.high-s.low); err != nil {
				return q.device.failed(copyKernel, err)
			}
		}
	}
	return nil
}
