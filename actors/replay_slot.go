package actors

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// slot is one batch's worth of room on the device, and what became of it.
type slot struct {
	batch *Batch
	stage slotStage
	// What was decided for it here and in the trace, nil as long as nothing was.
	here, there *Choice
}

type slotStage uint8

const (
	open   slotStage = iota // nothing was found for it yet
	picked                  // a bucket was picked and is about to be emptied
	flying                  // its batch is on the device, or on its way
	aside                   // its batch waits for a compiler
)

func (r *Replayer) openSlot(number uint64) error {
	if r.slots[number] != nil {
		return fmt.Errorf("slot %d is open already", number)
	}
	b := r.engine.desk.newCredit()
	b.ID, b.slot = number, number
	r.slots[number] = &slot{batch: b}
	r.lastSlot = max(r.lastSlot, number)
	return nil
}

// decide takes a decision where the trace has one and notes both.
func (r *Replayer) decide(e *metrics.Event) error {
	s := r.slots[e.Slot]
	if s == nil {
		return fmt.Errorf("slot %d is not open", e.Slot)
	}
	if e.Kind == metrics.KindForm {
		return r.decideForm(s, e)
	}
	if e.Kind == metrics.KindPick {
		r.decidePick(s, e)
		return nil
	}
	s.there = r.chosenThere(s, e) // a retry
	s.there.form(e)
	if s.stage == open && r.ask(s, nil, e.At) && s.stage == picked {
		r.fill(s)
	}
	return nil
}

func (r *Replayer) decideForm(s *slot, e *metrics.Event) error {
	if s.there == nil {
		return fmt.Errorf("nothing was picked for slot %d", e.Slot)
	}
	s.there.form(e)
	r.drift.add(e.Shares, -1)
	if s.stage == picked {
		r.fill(s)
	}
	return nil
}

// decidePick picks when the trace did. If something comes next here but did
// not there, no record will say when to fill the batch.
func (r *Replayer) decidePick(s *slot, e *metrics.Event) {
	if e.Picked != "" {
		s.there = r.chosenThere(s, e)
		s.there.pick(e)
	}
	if s.stage == open && r.ask(s, r.dispatcher(e.Op, e.Shard), e.At) && s.stage == picked && e.Picked == "" {
		r.fill(s)
	}
}

func (r *Replayer) chosenThere(s *slot, e *metrics.Event) *Choice {
	if s.there == nil {
		r.drift.slots--
	}
	return &Choice{Slot: e.Slot, At: e.At}
}

// dispatcher returns whose work was asked for, nil for all.
func (r *Replayer) dispatcher(op string, shard int) *dispatcher {
	for _, ds := range [...][]*dispatcher{r.engine.matmul, r.engine.softmax} {
		for i, d := range ds {
			if d.op.String() == op && i == shard {
				return d
			}
		}
	}
	return nil
}

// ask finds the next work for an open slot, of one dispatcher or of all.
func (r *Replayer) ask(s *slot, of *dispatcher, at time.Duration) bool {
	d, now := r.engine.desk, r.time(at)
	var e metrics.Event
	switch {
	case of != nil:
		if !d.pickFrom(s.batch, of, now) {
			return false
		}
		s.stage = picked
	default:
		if retry := d.retry(s.batch, now); retry != nil {
			s.batch, s.stage = retry, flying
		} else if d.pickFromAll(s.batch, now) {
			s.stage = picked
		} else {
			return false
		}
	}
	s.here = &Choice{Slot: s.batch.slot, At: at}
	if s.stage == picked {
		describePick(&e, s.batch)
		s.here.pick(&e)
	} else {
		describeForm(&e, s.batch)
		s.here.form(&e)
	}
	r.drift.slots++
	return true
}

// fill fills the batch that was picked.
func (r *Replayer) fill(s *slot) {
	b := s.batch
	b.shard.fill(b)
	if len(b.parts) > 0 {
		b.reason = b.whyClosed()
	}
	s.stage = flying
	var e metrics.Event
	describeForm(&e, b)
	s.here.form(&e)
	r.drift.add(e.Shares, 1)
}

// seize uses the slots that are open here though they were not there.
func (r *Replayer) seize(at time.Duration) {
	r.wake = 0
	for _, b := range slices.Clone(r.engine.desk.out) {
		s := r.slots[b.slot]
		if s == nil || s.stage != open {
			continue
		}
		if !r.ask(s, nil, at) {
			if wait := r.engine.desk.soonest; wait > 0 {
				r.wake = at + wait
			}
			return
		}
		if s.stage == picked {
			r.fill(s)
		}
	}
}

func (r *Replayer) setAside(number uint64) {
	s := r.slots[number]
	switch {
	case s == nil:
	case s.stage == flying:
		r.engine.desk.setAside(s.batch)
		s.stage = aside
	case s.stage == open: // it stands for a slot that is free again
		r.close(s, number, nil)
	}
}

func (r *Replayer) revive(number uint64) {
	if s := r.slots[number]; s != nil && s.stage == aside {
		r.engine.desk.revive(s.batch)
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

// close ends what has a slot, and the slot, and returns how long the device
// took for it. e is nil if the slot was given back.
func (r *Replayer) close(s *slot, number uint64, e *metrics.Event) (took time.Duration) {
	b := s.batch
	if e != nil {
		r.conclude(s, e)
		r.result.Recorded.add(s.there, e.DeviceTime)
	}
	took = b.timing.Device
	if s.stage == flying || s.stage == aside {
		r.result.Replayed.add(s.here, took)
	}
	if b.err == nil {
		r.forget(b)
	}
	r.engine.desk.account(b)
	r.engine.recycle(b)
	r.drop(s, number)
	return took
}

// drop forgets a slot.
func (r *Replayer) drop(s *slot, number uint64) {
	r.result.compare(s)
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
func (r *Replayer) conclude(s *slot, e *metrics.Event) {
	b := s.batch
	if len(b.parts) == 0 {
		return
	}
	b.timing.Device, b.parts[0].inPlace = e.DeviceTime, e.InPlace
	n := e.Dispatches
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
	if !same {
		n = b.problems
	}
	b.scratch.dispatches = append(b.scratch.dispatches[:0], make([]device.Dispatch, min(max(n, 0), len(b.parts)))...)
	if !same && b.err == nil {
		b.timing.Device = r.engine.desk.predict(b)
	}
}

// forget drops jobs of which nothing is left to be told.
func (r *Replayer) forget(b *Batch) {
	for i := range b.parts {
		if t := b.parts[i].task; t.taken == t.Units {
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
		r.result.Recorded.add(s.there, 0)
		if s.stage == flying || s.stage == aside {
			r.result.Replayed.add(s.here, 0)
		}
		r.result.compare(s)
	}
	r.result.Left = r.drift.behind
	slices.SortFunc(r.result.Differences, func(a, b Difference) int { return cmp.Compare(a.slot(), b.slot()) })
}
