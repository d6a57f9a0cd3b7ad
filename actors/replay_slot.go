package actors

import (
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// slot is one batch's worth of room on the device, and what became of it.
type slot struct {
	batch *Batch
	stage slotStage
	// What was decided for it here and in the trace, nil as long as nothing was.
	here, there *Choice
	predicted   time.Duration // how long the batch takes, by a cost model
}

type slotStage uint8

const (
	open   slotStage = iota // nothing was found for it yet
	picked                  // a bucket was picked and is about to be emptied
	flying                  // its batch is on the device, or on its way
	aside                   // its batch waits for a compiler
	gone                    // it was given back unused
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
	for _, ds := range &r.engine.dispatchers {
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
