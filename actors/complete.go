package actors

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// errEnded: a job ended while its batch was being bound.
var errEnded = errors.New("actors: job ended while binding")

// The stages of a commit. Which of Commit's return and the call of Done came
// first decides who closes the books; a batch that was given up in between has
// no books any more.
const (
	idle int32 = iota
	committing
	running
	endedEarly // the device was done before Commit returned
	finishing  // likewise, and the results are the callers'
	landed     // the device was done later, and tells the device actor
	sinking    // the device actor gives the batch up
	wrecked    // it has, and the device is not done
	surfaced   // the device was done after all
)

// complete is called by the device, from any thread, when a batch has ended.
// Results are committed and callers woken here, outside the actors, unless
// the device actor is still in Commit and does it right away.
func (b *Batch) complete(t device.Timing, err error) {
	if b.stage.Load() == committing {
		b.timing, b.err = t, err
		if b.stage.CompareAndSwap(committing, endedEarly) {
			return
		}
	}
	if !b.stage.CompareAndSwap(running, landed) {
		b.surface()
		return
	}
	b.timing, b.err = t, err
	b.ended = b.engine.now()
	if err == nil {
		b.land()
		return
	}
	b.pass()
}

// pass passes an ended batch on to the device actor.
func (b *Batch) pass() { b.engine.sendDevice((*completed)(b)) }

// commit writes staged results to the callers' memory, each in one copy, and
// ends the jobs; the settlement's Flush tells their callers. A job that was
// cancelled or has expired is left as it was.
func (b *Batch) commit() { b.commitParts(b.parts, &b.settlement) }

// commitParts is commit for some of the batch's parts. A job whose memory is not
// there any more fails, and nobody else does.
func (b *Batch) commitParts(parts []part, settlement *job.Settlement) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for done := 0; done < len(parts); {
		b.commitUntilFault(parts, &done, settlement)
	}
}

// commitUntilFault commits parts from done on, which it counts, the one at which
// it stops too.
func (b *Batch) commitUntilFault(parts []part, done *int, settlement *job.Settlement) {
	defer func() {
		cause := recover()
		switch gone := device.Fault(cause); {
		case gone != nil && settlement.Add(&parts[*done-1].task.Life, job.Failed, failed(fmt.Errorf("result: %w", gone))):
			b.unwritten.Add(1)
		case gone != nil && parts[*done-1].task.split != nil: // another part has failed it
		case cause != nil: // not of a job that was held to be written
			panic(cause)
		}
	}()
	for *done < len(parts) {
		p := &parts[*done]
		*done++
		t := p.task
		switch {
		case b.check != nil:
			b.compare(p, settlement)
		case p.sampled && len(b.parts) > 1: // its job ends when it was run again
		case t.split != nil:
			b.commitPart(p, settlement)
		case p.inPlace:
			t.Release(job.Done, nil)
		case p.held || t.Hold():
			tensor.Copy(t.Form.C, b.out(p))
			settlement.Add(&t.Life, job.Done, nil)
		}
	}
}

// commitPart adds one part to a job that was cut; the last part ends it.
func (b *Batch) commitPart(p *part, settlement *job.Settlement) {
	t := p.task
	direct := t.split.result.IsZero() // the parts are written to the caller's memory
	if !p.inPlace {
		dst := t.split.result
		if direct {
			if dst = t.Form.C; !t.split.hold(&t.Life) || t.Ended() {
				return
			}
		}
		t.sub(&dst, p.u0, p.u1)
		tensor.Copy(dst, b.out(p))
	}
	if !t.split.computed(p.u1 - p.u0) {
		return
	}
	switch {
	case direct:
		t.Release(job.Done, nil)
	case t.Hold():
		tensor.Copy(t.Form.C, t.split.result)
		settlement.Add(&t.Life, job.Done, nil)
	}
}

// out returns a part's staged result.
func (b *Batch) out(p *part) tensor.View {
	v := b.scratch.results[p.problem]
	switch {
	case !p.sharesColumns():
	case p.task.Plan.Problem.Op == kernels.OpSoftmax:
		if d := p.rows(); d != v.Dims() {
			return p.inStack(&v)
		}
	default:
		v.Columns(p.col, p.col+p.u1-p.u0)
	}
	return v
}

// fail ends one part's job with an error. A job written in place ends when
// its last part has left the device.
func (p *part) fail(err error) {
	t := p.task
	if t.split != nil {
		t.split.fail(err)
	}
	if p.held && t.split == nil {
		t.Release(job.Failed, err)
		return
	}
	t.End(job.Failed, err)
}

// leave gives up the batch's hold on a part's task.
func (p *part) leave(r *releases) {
	t := p.task
	if t.split != nil && !t.split.land() {
		return
	}
	t.finish(r)
}

// finish drops a task of which nothing flies and nothing will start. A job
// held for writing in place that has not ended by now never will be done: a
// part failed, or the job was marked and the rest of it left out.
func (t *Task) finish(r *releases) {
	switch s := t.split; {
	case s == nil || !s.held:
	case s.err != nil:
		t.Release(job.Failed, s.err)
	default: // does nothing to a job that is done
		t.Release(job.Cancelled, job.ErrCancelled)
	}
	t.leave(r)
}

// failed wraps the cause of a failure as callers see it.
func failed(cause error) error {
	if errors.Is(cause, job.ErrHung) || errors.Is(cause, job.ErrUnavailable) {
		return cause
	}
	return fmt.Errorf("%w: %w", job.ErrFailed, cause)
}

// retry decides what becomes of a batch that failed: two halves of it, so
// that only the culprit fails in the end, or nothing when one job was alone.
func (b *Batch) retry(cause error) (halves []*Batch) {
	n := len(b.parts)
	switch {
	case isLost(cause) || errors.Is(cause, job.ErrHung) || errors.Is(cause, job.ErrUnavailable):
		return nil // not the fault of any job
	case n > 1:
		mid := n / 2
		return []*Batch{b.again(b.parts[:mid]), b.again(b.parts[mid:])}
	case n == 1 && errors.Is(cause, device.ErrOutOfMemory) && b.parts[0].u1-b.parts[0].u0 > 1 && !b.parts[0].held:
		return b.halve(&b.parts[0])
	}
	return nil
}

// again returns a batch of some of b's parts, which then belong to it.
func (b *Batch) again(parts []part) *Batch {
	next := b.engine.newBatch()
	next.parts = append(next.parts, parts...)
	next.attempt, next.reason, next.pick = b.attempt+1, Retried, "failed batch, bisected"
	next.ID, next.shard, next.lane, next.oldest = b.ID, b.shard, b.lane, b.oldest
	next.Profile, next.predicted = b.Profile, 0
	next.count()
	return next
}

// halve cuts a part that did not fit in memory.
func (b *Batch) halve(p *part) []*Batch {
	t := p.task
	if t.split == nil {
		t.cut(false)
		t.split.start()
		t.split.close()
	}
	t.split.start() // one part becomes two
	mid := (p.u0 + p.u1) / 2
	lower, upper := *p, *p
	lower.u1, upper.u0 = mid, mid
	return []*Batch{b.again([]part{lower}), b.again([]part{upper})}
}
