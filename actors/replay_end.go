package actors

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// setAside takes a batch whose kernel was not there yet off the books.
func (r *Replayer) setAside(number uint64) {
	s := r.slots[number]
	switch {
	case s == nil:
	case s.stage == flying:
		r.engine.desk.setAside(s.batch)
		s.stage = aside
	case s.stage == open: // it stands for a slot that is free again
		r.engine.desk.takeBack(s.batch)
		r.engine.recycle(s.batch)
		s.batch, s.stage = nil, gone
	}
}

func (r *Replayer) revive(number uint64) {
	s := r.slots[number]
	switch {
	case s == nil:
	case s.stage == aside:
		r.engine.desk.revive(s.batch)
		r.drop(s, number)
	case s.stage == gone:
		r.drop(s, number)
	}
}

// done ends the batch that has a slot as the one in the trace ended.
func (r *Replayer) done(e *metrics.Event) {
	if e.Outcome != "" {
		r.result.Failures++
	}
	if s := r.slots[e.Slot]; s != nil {
		r.close(s, e.Slot, e)
	}
}

// close ends a slot, and what has it, and returns how long the device took.
func (r *Replayer) close(s *slot, number uint64, e *metrics.Event) (took time.Duration) {
	r.result.Recorded.add(s.there, e.DeviceTime, 0)
	if s.stage != gone {
		took = r.conclude(s, e)
	}
	r.drop(s, number)
	return took
}

// drop forgets a slot.
func (r *Replayer) drop(s *slot, number uint64) {
	r.result.compare(s, r.measured == nil)
	if s.here != nil {
		r.drift.slots--
	}
	if s.there != nil {
		r.drift.slots++
	}
	delete(r.slots, number)
}

var errReplayed = errors.New("failed in the trace")

// conclude gives a batch the end that the slot's batch had in the trace.
func (r *Replayer) conclude(s *slot, e *metrics.Event) (took time.Duration) {
	b := s.batch
	if len(b.parts) > 0 {
		r.outcome(s, e)
	}
	took = b.timing.Device
	b.ended = r.time(cmp.Or(e.Ended, r.now)) // older traces do not tell
	if s.stage == flying || s.stage == aside {
		r.result.Replayed.add(s.here, took, s.predicted)
	}
	if b.err == nil {
		r.forget(b)
	}
	r.engine.desk.account(b)
	r.engine.recycle(b)
	return took
}

// outcome sets what the device would have reported.
func (r *Replayer) outcome(s *slot, e *metrics.Event) {
	b := s.batch
	b.parts[0].inPlace, b.parts[0].held = e.InPlace, e.InPlace
	switch e.Outcome {
	case "":
	case metrics.OutcomeLost:
		b.err = device.ErrLost
	case metrics.OutcomeOutOfMemory:
		b.err = device.ErrOutOfMemory
	default:
		b.err = errReplayed
	}
	same := s.here.equal(s.there)
	problems := b.problems
	if same {
		problems = e.Dispatches
	}
	b.scratch.dispatches = make([]device.Dispatch, min(problems, len(b.parts)))
	b.timing.Device = e.DeviceTime
	if b.err == nil && r.measured != nil {
		w, n := b.work()
		s.predicted = time.Duration(n) * r.measured.Predict(w)
		if !same {
			b.timing.Device = s.predicted
		}
	}
}

// forget drops jobs of which nothing is left to be told. One that was cut may
// fly elsewhere.
func (r *Replayer) forget(b *Batch) {
	for i := range b.parts {
		if t := b.parts[i].task; t.split == nil {
			delete(r.tasks, t.traced)
		}
	}
}

// maxDrained bounds the slots that are made up at the end.
const maxDrained = 1 << 20

// drain gives jobs that ran there and still wait here slots one after another.
func (r *Replayer) drain() {
	for n := 0; r.drift.behind > 0 && n < maxDrained; n++ {
		number := r.lastSlot + 1
		if r.openSlot(number) != nil {
			return
		}
		s := r.slots[number]
		r.now += r.engine.Linger
		if !r.ask(s, nil, r.now) {
			r.engine.desk.takeBack(s.batch)
			delete(r.slots, number)
			return
		}
		if s.stage == picked {
			r.fill(s)
		}
		r.result.Drained++
		r.now += r.close(s, number, &metrics.Event{})
	}
}

// finish closes the books on slots whose batches had not ended.
func (r *Replayer) finish() {
	for _, number := range slices.Sorted(maps.Keys(r.slots)) {
		s := r.slots[number]
		r.result.Recorded.add(s.there, 0, 0)
		if s.stage == flying || s.stage == aside {
			r.result.Replayed.add(s.here, 0, 0)
		}
		r.result.compare(s, r.measured == nil)
	}
	r.result.Left = r.drift.behind
	slices.SortFunc(r.result.Differences, func(a, b Difference) int { return cmp.Compare(a.slot(), b.slot()) })
}
