package scheduler

import (
	"errors"
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
)

// reopens reports whether there is a way to have another device.
func (c *Config) reopens() bool { return c.Device == nil || c.Reopen != nil || c.Fallback }

// reopener returns what the engine opens another device with, nil for no way.
func (s *Scheduler) reopener() func() (*actors.Home, error) {
	if !s.cfg.reopens() {
		return nil
	}
	return s.reopen
}

// reopen opens another device, loads every operand there and makes it the
// scheduler's. On an error everything is as it was.
func (s *Scheduler) reopen() (*actors.Home, error) {
	old := s.home.Load()
	next, err := s.nextHome(old)
	if err != nil {
		return nil, err
	}
	next.before = old.stats()
	freed, err := s.moveOperands(next)
	if err != nil {
		return nil, errors.Join(err, next.retire())
	}
	return &actors.Home{
		Device: next.device, Cache: next.kernels, Plan: next.plans.Plan,
		Enter: func() { s.records.device = s.cfg.deviceName(next.device.Info().Backend) },
		Retire: func() {
			for _, b := range freed {
				b.Free()
			}
			_ = old.retire() // nobody waits for its error
		},
	}, nil
}

// nextHome opens another device: one of the same kind or, if none can be had,
// the fallback.
func (s *Scheduler) nextHome(old *home) (*home, error) {
	next, err := s.settleOn(s.openAgain(old))
	if err == nil || !s.cfg.Fallback {
		return next, err
	}
	next, cpuErr := s.settleOn(discover.Open("cpu", s.cfg.Libraries()))
	if cpuErr != nil {
		return nil, errors.Join(err, fmt.Errorf("fall back: %w", cpuErr))
	}
	return next, nil
}

// openAgain opens a device of the same kind.
func (s *Scheduler) openAgain(old *home) (device.Device, error) {
	var d device.Device
	var err error
	switch {
	case s.cfg.Reopen != nil:
		d, err = s.cfg.Reopen()
	case s.cfg.Device == nil:
		d, err = discover.Open(s.sameAs(old), s.cfg.Libraries())
	default:
		err = fmt.Errorf("%w: there is no Config.Reopen", device.ErrUnavailable)
	}
	if err == nil && (d == nil || d == old.device) {
		err = fmt.Errorf("%w: Config.Reopen must return another device", device.ErrUnavailable)
		d = nil
	}
	if err != nil {
		return nil, fmt.Errorf("reopen device: %w", err)
	}
	return d, nil
}

// sameAs returns the name of the device that a home is on. Only one that was
// asked for by its number may be another than the first of its kind.
func (s *Scheduler) sameAs(old *home) string {
	kind := old.device.Info().Backend
	if strings.HasPrefix(s.cfg.DeviceName, kind+":") {
		return s.cfg.DeviceName
	}
	return kind
}

// settleOn makes a home of a device that was opened, if it serves the Config.
func (s *Scheduler) settleOn(d device.Device, err error) (*home, error) {
	if err != nil {
		return nil, err
	}
	if err := s.prefs.Load().Validate(d.Info().Caps, s.cfg.Catalog); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return s.newHome(d, true), nil
}

// moveOperands loads everything on another home, makes it the scheduler's and
// returns the buffers that are of no use any more. Loads that come meanwhile
// find out and are done again.
func (s *Scheduler) moveOperands(next *home) (freed []device.Buffer, err error) {
	s.moving.lock()
	defer s.moving.unlock()
	loaded := map[*copyOf]device.Buffer{}
	s.copies.Range(func(k, _ any) bool {
		if c := k.(*copyOf); c.retain() {
			loaded[c], err = next.reload(c, s.cfg.HangAfter)
		}
		return err == nil
	})
	for c, b := range loaded {
		switch {
		case err == nil:
			freed = append(freed, c.move(b))
		case b != nil:
			b.Free()
		}
		c.Release(1)
	}
	if err == nil {
		_ = next.plans.Retune(*s.prefs.Load()) // as far as the new device can
		s.home.Store(next)
	}
	return freed, err
}
