package actors

import (
	"bytes"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// CheckResult is how the comparison of a job's bits came out.
type CheckResult uint8

// The results of comparisons.
const (
	Unchecked  CheckResult = iota + 1 // the second run failed, or the job ended meanwhile
	Matched                           // the bits are those of the batch
	Mismatched                        // they are not
)

func (r CheckResult) String() string {
	switch r {
	case Unchecked:
		return "unchecked"
	case Matched:
		return "match"
	case Mismatched:
		return "mismatch"
	}
	return ""
}

// check is the result of a job as its batch computed it, kept back while the
// job runs again alone.
type check struct {
	want   []byte // packed
	view   tensor.View
	result CheckResult
}

// sample marks the jobs of a formed batch that are to be run again: those that
// the sampler takes of all, if their bits must not depend on the batch and the
// result is ours until it is committed whole.
func (b *Batch) sample() {
	e := b.engine
	for i := range b.parts {
		p := &b.parts[i]
		if p.u0 != 0 { // counted with its first part
			continue
		}
		e.count++
		t := p.task
		p.sampled = e.Sample.Takes(e.count) && t.split == nil && t.Plan.BatchInvariant() && !e.writesInPlace(t)
	}
}

// recheck sends the sampled jobs of a batch that was computed on their way
// again, each alone. A batch of one job has shown all there is to see.
func (d *desk) recheck(b *Batch) {
	if !d.engine.Sample.On() || b.check != nil || len(b.parts) < 2 {
		return
	}
	kept := b.parts[:0]
	for _, p := range b.parts {
		if p.sampled {
			d.retries = append(d.retries, b.checkOf(p))
		} else {
			kept = append(kept, p)
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
}

// checkOf returns a batch of one sampled part, which then belongs to it.
func (b *Batch) checkOf(p part) *Batch {
	next := b.again([]part{p})
	next.attempt, next.reason, next.pick = b.attempt, Checked, "sampled, run again alone"
	next.parts[0].sampled = false
	want, view := pack(b.out(&p))
	next.check = &check{want: want, view: view, result: Unchecked}
	return next
}

// pack copies a view's elements, one after another, to memory of ours.
func pack(v tensor.View) ([]byte, tensor.View) {
	size := v.Len() * v.DType().Size()
	words := make([]uint64, (size+7)/8) // aligned for every element type
	base := unsafe.Pointer(unsafe.SliceData(words))
	c := tensor.Part(base, len(words)*8, v.DType(), v.Dims(), 0)
	tensor.Copy(c, v)
	return unsafe.Slice((*byte)(base), size), c
}

// endCheck ends a job that will not be run again: its result is that of the first
// run. One that the device has is left out, as its memory may be read still.
func (d *desk) endCheck(b *Batch, why error) {
	if b.check == nil || b.stage.Load() != idle {
		return
	}
	g := b.ghost(d.engine.now(), why)
	g.commit()
	d.engine.loop.tell(&g.settlement)
}

// compare holds the second run against the first, unless it failed, and commits
// the first.
func (b *Batch) compare(p *part, settlement *job.Settlement) {
	t := p.task
	if !t.Hold() { // it has ended: its memory may hold anything by now
		return
	}
	if b.err == nil {
		b.check.result = Mismatched
		if got, _ := pack(b.out(p)); bytes.Equal(got, b.check.want) {
			b.check.result = Matched
		}
	}
	tensor.Copy(t.Form.C, b.check.view)
	settlement.Add(&t.Life, job.Done, nil)
}
