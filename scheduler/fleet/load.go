package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// flight is a load that others may wait for. err is set when done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// errReplaced: the operand has other contents by now, or was released.
var errReplaced = errors.New("fleet: operand has changed")

// bringing says how a copy is brought.
type bringing struct {
	spare bool   // no job waits for it: only into memory that is free or idle
	why   string // for the record
}

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
			f.mu.Unlock()
			return s.copy, nil
		case s.flight == nil:
			return f.load(v, m, how)
		}
		waiting := s.flight
		f.mu.Unlock()
		select {
		case <-waiting.done:
		case <-ctx.Done():
			_, err := job.Ending(ctx)
			return nil, err
		}
		if waiting.err != nil {
			return nil, waiting.err
		}
	}
}

// load loads a copy. f.mu is held, and given back.
func (f *Fleet) load(v *version, m *member, how bringing) (*scheduler.Operand, error) {
	fly, err := f.takeOff(v, m, how)
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return fly()
}

// takeOff makes room for a copy and returns what loads it, to be called without
// f.mu, which is held.
func (f *Fleet) takeOff(v *version, m *member, how bringing) (fly func() (*scheduler.Operand, error), err error) {
	s := &v.slots[m.index]
	gone, err := f.makeRoom(v, m, how.spare)
	if err != nil {
		m.counts.failed++
		s.futile = time.Now()
		return nil, err
	}
	s.flight = &flight{done: make(chan struct{})}
	m.used += v.bytes
	return func() (*scheduler.Operand, error) {
		for _, c := range gone {
			c.Release()
		}
		start := time.Now()
		c, err := m.s.LoadFor(v, v.host)
		return f.land(v, m, c, err, time.Since(start), how)
	}, nil
}

// makeRoom gives up copies until another fits. f.mu is held.
func (f *Fleet) makeRoom(v *version, m *member, spare bool) (gone []*scheduler.Operand, err error) {
	which, ok := m.victims(v.bytes, spare, time.Now())
	if !ok {
		return nil, fmt.Errorf("fleet: operand of %d bytes on %s, with %d of %d bytes of operands there, not enough of them idle: %w",
			v.bytes, m.name, m.used, m.most, device.ErrOutOfMemory)
	}
	for _, victim := range which {
		gone = append(gone, f.clear(victim, m))
		m.counts.evicted++
		m.counts.evictedBytes += victim.bytes
		f.journal.tell(m, victim, placedEvict, "memory for another operand", 0)
	}
	return gone, nil
}

// land ends a flight.
func (f *Fleet) land(v *version, m *member, c *scheduler.Operand, err error, took time.Duration, how bringing) (*scheduler.Operand, error) {
	f.mu.Lock()
	s, now := &v.slots[m.index], time.Now()
	landed := s.flight
	s.flight = nil
	stale := err == nil && v.dead
	switch {
	case stale:
		err = errReplaced
	case err == nil:
		s.copy, s.asked = c, now
		m.copies[v] = true
		m.learn(v.bytes, took)
		m.counts.loads++
		m.counts.loadedBytes += v.bytes
		f.journal.tell(m, v, placedLoad, how.why, took)
	}
	if err != nil {
		m.used -= v.bytes
		m.counts.failed++
		s.futile = now
	}
	landed.err = err
	close(landed.done)
	f.mu.Unlock()
	if stale {
		c.Release()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
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
		_, err := f.bring(ctx, v, f.members[p.Site], bringing{why: "loaded: most memory free"})
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
	s := policy.Site{Up: m.state == up, Lost: m.state == lost, Missing: missing, Free: m.most - m.used}
	s.Room, s.Most = s.Free, s.Free
	if missing > 0 {
		s.Load = max(m.loadTime(missing), 1)
	}
	if missing > s.Free {
		s.Room, s.Most = m.room(now)
	}
	return s
}
