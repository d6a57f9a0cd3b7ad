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

func forJob(why string) bringing { return bringing{policy.ClaimAny, jobPatience, why} }

// bring returns a version's copy on a member, which it loads if need be: once
// however many ask. The error wraps device.ErrOutOfMemory when there is no room
// and job.ErrUnavailable when the device is lost, or is errReplaced.
func (f *Fleet) bring(ctx context.Context, v *version, m *member, how bringing) (*scheduler.Operand, error) {
	for {
		f.mu.Lock()
		s := &v.slots[m.index]
		switch {
		case v.dead && f.closed: // which released it
			f.mu.Unlock()
			return nil, job.ErrClosed
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
		err := waiting.err
		weaker := waiting.claim < how.claim && (errors.Is(err, device.ErrOutOfMemory) || errors.Is(err, device.ErrLost))
		if err != nil && !weaker {
			return nil, err
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
		c, took, err := f.load(v, m, how)
		if err != nil {
			f.unreserve(v, m)
		}
		f.land(v, m, c, err, took, how)
	})
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
	if errors.Is(err, device.ErrOutOfMemory) { // others may give it back: worth another try
		err = fmt.Errorf("%w: %w", job.ErrOutOfMemory, err)
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
