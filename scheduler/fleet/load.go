package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// flight is a load that others may wait for. err is set when done is closed.
type flight struct {
	claim policy.Claim
	done  chan struct{}
	err   error
}

// errReplaced: the operand has other contents by now, or was released.
var errReplaced = errors.New("fleet: operand has changed")

// bringing says how a copy is brought.
type bringing struct {
	claim policy.Claim  // to memory that others use
	wait  time.Duration // for it, at most
	why   string        // for the record
}

const (
	// jobPatience is how long a job waits for memory, and loadPatience a Load.
	jobPatience  = 5 * time.Second
	loadPatience = 100 * time.Millisecond
	// mildly is how long a job waits for memory that no other uses.
	mildly = 5 * time.Millisecond
)

func forJob(why string) bringing { return bringing{policy.ClaimAny, jobPatience, why} }

// bring returns a version's copy on a member, which it loads if need be: once
// however many ask. The error wraps device.ErrOutOfMemory when there is no room,
// or is errReplaced.
func (f *Fleet) bring(ctx context.Context, v *version, m *member, how bringing) (*scheduler.Operand, error) {
	for {
		f.mu.Lock()
		s := &v.slots[m.index]
		switch {
		case v.dead:
			f.mu.Unlock()
			return nil, errReplaced
		case s.copy != nil:
			s.asked = time.Now()
			c := s.copy
			f.mu.Unlock()
			return c, nil
		case f.closed:
			f.mu.Unlock()
			return nil, job.ErrClosed
		case s.flight == nil:
			f.launch(v, m, how)
		}
		waiting := s.flight
		f.mu.Unlock()
		select {
		case <-waiting.done:
		case <-ctx.Done():
			_, err := job.Ending(ctx)
			return nil, err
		}
		weaker := waiting.claim < how.claim && errors.Is(waiting.err, device.ErrOutOfMemory)
		if waiting.err != nil && !weaker {
			return nil, waiting.err
		}
	}
}

// launch has a copy loaded. f.mu is held, and the fleet not closed.
func (f *Fleet) launch(v *version, m *member, how bringing) {
	v.slots[m.index].flight = &flight{claim: how.claim, done: make(chan struct{})}
	f.copying.Go(func() {
		if err := f.reserve(v, m, how); err != nil {
			f.land(v, m, nil, err, 0, how)
			return
		}
		start := time.Now()
		c, err := m.s.LoadFor(v, v.host)
		if err != nil {
			f.unreserve(v, m)
		}
		f.land(v, m, c, err, time.Since(start), how)
	})
}

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

// land ends a flight.
func (f *Fleet) land(v *version, m *member, c *scheduler.Operand, err error, took time.Duration, how bringing) {
	f.mu.Lock()
	s, now := &v.slots[m.index], time.Now()
	landed := s.flight
	s.flight = nil
	stale := err == nil && v.dead
	switch {
	case stale:
		err = errReplaced
		m.leaving[c] = v.bytes
	case err == nil:
		s.copy, s.since, s.took, s.asked = c, now, took, now
		m.copies[v] = true
		m.learn(v.bytes, took)
		m.counts.loads++
		m.counts.loadedBytes += v.bytes
		f.journal.tell(m, v, placedLoad, how.why, took)
	}
	if err != nil {
		m.counts.failed++
		s.futile = now
	}
	landed.err = err
	close(landed.done)
	f.mu.Unlock()
	if stale {
		c.Release()
	}
}

// settle loads a version for the first time: where its operand's jobs go, or on
// the device with most room; on the next best when there is no memory after all.
func (f *Fleet) settle(ctx context.Context, v *version) error {
	tried := make([]bool, len(f.members))
	var failed error
	for range f.members {
		f.mu.Lock()
		f.look()
		now, home := time.Now(), v.operand.home
		sites := make([]policy.Site, len(f.members))
		for i, m := range f.members {
			sites[i] = m.site(now, v.bytes)
			sites[i].Up = sites[i].Up && !tried[i]
		}
		p := policy.Settle(sites)
		if home >= 0 && sites[home].Up && sites[home].Missing <= sites[home].Most {
			p.Site = home
		}
		f.mu.Unlock()
		if p.Site < 0 || tried[p.Site] {
			break
		}
		tried[p.Site] = true
		_, err := f.bring(ctx, v, f.members[p.Site], bringing{policy.ClaimIdle, loadPatience, "loaded: most memory free"})
		if !errors.Is(err, device.ErrOutOfMemory) {
			if err == nil {
				f.moveHome(v.operand, p.Site)
			}
			return err
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		failed = fmt.Errorf("fleet: operand of %d bytes: %w on any device", v.bytes, device.ErrOutOfMemory)
	}
	return failed
}

func (f *Fleet) moveHome(o *Operand, member int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o.home = member
}

// site describes a member to which some bytes have to be brought.
func (m *member) site(now time.Time, missing int64) policy.Site {
	m.farewell()
	s := policy.Site{Up: m.state == up, Lost: m.state == lost, Missing: missing, Free: m.most - m.used, Most: m.most}
	s.Room = s.Free
	if missing == 0 {
		return s
	}
	s.Load = max(m.loadTime(missing), 1)
	if missing > s.Free {
		var idle int64
		if s.Room, idle = m.room(now); missing > idle { // until jobs have ended
			s.Load += m.queue.wait()
		}
	}
	return s
}
