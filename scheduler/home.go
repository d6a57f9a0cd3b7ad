package scheduler

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// home is the device that jobs run on, with what was made for it. After a restart
// there may be another.
type home struct {
	device  device.Device
	owned   bool // the device is ours to close
	plans   *policy.Cache
	kernels *device.Cache
	before  device.CacheStats // what the caches of homes before have done
	users   users             // loads and what they left behind; the device is closed after them
}

// openHome opens the device that the Config names, if it does not bring one.
func (s *Scheduler) openHome() error {
	if s.cfg.Fallback { // then it is too late to learn that there is none
		if err := s.cfg.Libraries().CheckCPU(); err != nil {
			return fmt.Errorf("scheduler: fall back: %w", err)
		}
	}
	d, owned := s.cfg.Device, false
	if d == nil {
		var err error
		if d, err = discover.Open(s.cfg.DeviceName, s.cfg.Libraries()); err != nil {
			return err
		}
		owned = true
	}
	s.tune(d.Info())
	s.prefs.Store(s.cfg.Prefs)
	h := s.newHome(d, owned)
	s.home.Store(h)
	if most := d.Info().QueueDepth; s.cfg.QueueDepth > most {
		return &ConfigError{"QueueDepth", fmt.Sprint(s.cfg.QueueDepth), fmt.Sprintf("1 to %d, which is the device's", most)}
	}
	return s.cfg.Prefs.Validate(d.Info().Caps, s.cfg.Catalog)
}

func (s *Scheduler) newHome(d device.Device, owned bool) *home {
	return &home{
		device: d, owned: owned,
		plans:   policy.NewCache(d.Info().Caps, *s.prefs.Load(), s.cfg.Catalog),
		kernels: device.NewCache(d, s.cfg.KernelCache),
	}
}

// stats returns what the caches of this home and those before have done.
func (h *home) stats() device.CacheStats {
	sum, b := h.kernels.Stats(), h.before
	sum.Hits += b.Hits
	sum.Misses += b.Misses
	sum.Evictions += b.Evictions
	sum.Compiles += b.Compiles
	sum.CompileTime += b.CompileTime
	return sum
}

// leave closes a device that is ours, when it has let go of everything. After a
// hang that may be later, or never: then the error says so.
func (s *Scheduler) leave() error {
	h := s.home.Load()
	switch {
	case h == nil:
		return nil
	case s.engine == nil:
		return h.close()
	}
	return atOnce(func(closed func(error)) {
		s.engine.Clear(func() { closed(h.retire()) })
	})
}

// retire is close for when no load uses the device any more.
func (h *home) retire() error {
	return atOnce(func(closed func(error)) {
		h.users.end(func() { closed(h.close()) })
	})
}

// atOnce returns what f's closed is told, or that it was told nothing yet.
func atOnce(f func(closed func(error))) error {
	told := make(chan error, 1)
	f(func(err error) { told <- err })
	select {
	case err := <-told:
		return err
	default:
		return fmt.Errorf("%w: it still has what it was given", job.ErrHung)
	}
}

func (h *home) close() error {
	if !h.owned {
		return nil
	}
	return h.device.Close()
}
