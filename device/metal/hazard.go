package metal

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// access is a part of a buffer that a step reads or writes.
type access struct {
	buffer device.Buffer
	view   tensor.View // by its place in the buffer, without an address
	writes bool
}

// accessOf describes what a step does to a region of a buffer.
func accessOf(r device.Region, writes bool) access {
	var none *tensor.Resident // the bytes count, not what they stand for
	return access{r.Buffer, none.Of(r.View.Rebase(nil)), writes}
}

// meets says whether one of two steps must wait for the other: an element that
// one of them writes may be one that the other reads or writes.
func (a *access) meets(b *access) bool {
	return (a.writes || b.writes) && a.buffer == b.buffer && a.view.Overlaps(&b.view)
}

// meet says whether any of two sets meet. Sets that would take longer to look
// at than waiting takes count as meeting.
func meet(as, bs []access) bool {
	if len(as)*len(bs) > maxPairs {
		return true
	}
	for i := range as {
		for j := range bs {
			if as[i].meets(&bs[j]) {
				return true
			}
		}
	}
	return false
}

// maxPairs take about 100 µs to look at.
const maxPairs = 1 << 14

// appendDispatch appends what a dispatch reads and writes.
func appendDispatch(to []access, d *device.Dispatch) []access {
	if m := d.Matmul; m != nil {
		to = append(to, accessOf(m.C, true))
		if m.ReadsOperands() {
			to = append(to, accessOf(m.A, false), accessOf(m.B, false))
		}
		for _, r := range m.Biases {
			to = append(to, accessOf(r, false))
		}
	}
	if s := d.Softmax; s != nil {
		to = append(to, accessOf(s.X, false), accessOf(s.Y, true))
	}
	return to
}

// appendCopy appends what a copy reads and writes in buffers.
func appendCopy(to []access, c *device.Copy) []access {
	if c.Src.Buffer != nil {
		to = append(to, accessOf(c.Src, false))
	}
	if c.Dst.Buffer != nil {
		to = append(to, accessOf(c.Dst, true))
	}
	return to
}

// hazards are the accesses since the last barrier of an encoder.
type hazards struct{ open []access }

// enter begins a stage and says whether it needs a barrier before it.
func (h *hazards) enter(stage []access) (barrier bool) {
	if meet(h.open, stage) {
		h.open = h.open[:0]
		barrier = true
	}
	h.open = append(h.open, stage...)
	return barrier
}

// reset is for a new encoder, which Metal orders after those before, in the
// middle of a stage.
func (h *hazards) reset(stage []access) { h.open = append(h.open[:0], stage...) }
