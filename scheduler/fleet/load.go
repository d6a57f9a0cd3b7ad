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
	back  bool          // if the device is restarted, when it is back
	why   string        // for the record
}

func forJob(why string) bringing { return bringing{policy.ClaimAny, jobPatience, true, why} }

// bring returns a version's copy on a member, which it loads if need be: once
// however many ask. The error is errReplaced, or wraps device.ErrOutOfMemory when
// there is no room, job.ErrHung when the device hung or was lost with it,
// job.ErrUnavailable when it was given up, and device.ErrLost alone when it was lost
// before and is not waited for.
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
	f.errand(func() {
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
