package fleet

import (
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

const (
	// jobPatience is how long a job waits for memory, and loadPatience a Load.
	jobPatience  = 5 * time.Second
	loadPatience = 100 * time.Millisecond
	// mildly is how long a job waits for memory that no other uses.
	mildly = 5 * time.Millisecond
)

// reserve takes memory for a copy, from others if need be, and waits for it.
func (f *Fleet) reserve(v *version, m *member, how bringing) error {
	defer f.queueUp(v, m)()
	start := time.Now()
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		waited := time.Since(start)
		claim := how.claim
		if claim == policy.ClaimAny && waited < mildly {
			claim = policy.ClaimIdle
		}
		gone, done, err := f.makeRoom(v, m, claim)
		for _, c := range gone {
			c.Release()
		}
		switch {
		case done || err != nil:
			return err
		case len(gone) > 0: // perhaps their memory is free now
			continue
		case waited >= how.wait:
			return fmt.Errorf("fleet: operand of %d bytes on %s, where others use the %d bytes there are for operands: %w",
				v.bytes, m.name, m.most, device.ErrOutOfMemory)
		}
		time.Sleep(pause)
	}
}

// queueUp puts a version into the line for memory, and returns what takes it out.
func (f *Fleet) queueUp(v *version, m *member) (leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.line = append(m.line, v)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		m.line = slices.DeleteFunc(m.line, func(w *version) bool { return w == v })
	}
}

// makeRoom takes free memory for a copy that is first in line, or gives up others
// and returns them.
func (f *Fleet) makeRoom(v *version, m *member, claim policy.Claim) (gone []*scheduler.Operand, done bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, false, job.ErrClosed
	case v.dead:
		return nil, false, errReplaced
	}
	if m.line[0] != v {
		return nil, false, nil
	}
	leaving := m.farewell()
	free := m.most - m.used
	if v.bytes <= free {
		m.used += v.bytes
		return nil, true, nil
	}
	if need := v.bytes - free - leaving; need > 0 {
		which, _ := m.victims(need, claim, time.Now())
		for _, victim := range which {
			gone = append(gone, f.clear(victim, m))
			m.counts.evicted++
			m.counts.evictedBytes += victim.bytes
			f.journal.tell(m, victim, placedEvict, fmt.Sprintf("memory for operand %d", v.operand.id.ID), 0)
		}
	}
	return gone, false, nil
}

func (f *Fleet) unreserve(v *version, m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.used -= v.bytes
}
