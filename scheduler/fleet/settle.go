package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// settle loads a version for the first time: where its operand's jobs go, or on
// the device with most room; on the next best when that cannot have it after all.
// One that was found lost before it was given anything is waited for, if no other
// takes work.
func (f *Fleet) settle(ctx context.Context, v *version) error {
	tried, found := make([]bool, len(f.members)), make([]bool, len(f.members))
	var failed error
	for {
		p, err := f.settleOn(v, tried)
		if err != nil {
			return err
		}
		if p.Site < 0 || tried[p.Site] {
			break
		}
		back := p.Reason == policy.PlaceRestart || found[p.Site]
		how := bringing{policy.ClaimIdle, loadPatience, back, "loaded: most memory free"}
		if _, err = f.bring(ctx, v, f.members[p.Site], how); err == nil {
			f.moveHome(v.operand, p.Site)
			return nil
		}
		if !worthAnother(err) {
			return err
		}
		if !back && lostBefore(err) {
			found[p.Site] = true
			continue
		}
		tried[p.Site], failed = true, errors.Join(failed, err)
	}
	if failed == nil {
		failed = fmt.Errorf("fleet: operand of %d bytes: %w on any device", v.bytes, device.ErrOutOfMemory)
	}
	return failed
}

// worthAnother reports whether a load that failed may do better on another device.
func worthAnother(err error) bool {
	for _, cause := range [...]error{device.ErrOutOfMemory, device.ErrLost, job.ErrHung, job.ErrUnavailable} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// lostBefore reports whether the device of a load was lost before it was given
// anything, and not given up.
func lostBefore(err error) bool {
	return errors.Is(err, device.ErrLost) && !errors.Is(err, job.ErrHung) && !errors.Is(err, job.ErrUnavailable)
}

// settleOn chooses a device that was not tried.
func (f *Fleet) settleOn(v *version, tried []bool) (policy.Placement, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return policy.Placement{}, job.ErrClosed
	}
	f.look()
	now, home := time.Now(), v.operand.home
	sites := make([]policy.Site, len(f.members))
	for i, m := range f.members {
		sites[i] = m.site(now, v.bytes)
		sites[i].Tried = tried[i]
	}
	p := policy.Settle(sites)
	if home >= 0 && sites[home].Up && !tried[home] && sites[home].Missing <= sites[home].Most {
		p = policy.Placement{Site: home, Reason: policy.PlaceHome, Copy: -1}
	}
	return p, nil
}

func (f *Fleet) moveHome(o *Operand, member int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o.home = member
}
