package actors

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Home is a device that takes the place of the one before. Whatever was loaded
// there has been loaded here.
type Home struct {
	Device device.Device
	Cache  *device.Cache
	// Plan makes the plan of a problem for this device.
	Plan func(kernels.Problem) (*kernels.Plan, error)
	// Enter is called like the Observer when the device takes over.
	Enter func()
	// Retire is called when the device before has let go of everything that the
	// engine gave it and compiles nothing any more, from any goroutine; it may be
	// never.
	Retire func()
}

// restart looks for another queue, away from the actors.
func (d *desk) restart(t policy.Trouble, cause error) {
	e := d.engine
	t.Failures, t.Reopens = d.failures, e.Reopen != nil
	step, pause, why := policy.Restart(t)
	if step == policy.GiveUp {
		d.giveUp(fmt.Errorf("%s: %w", why, cause))
		return
	}
	e.reviving.Add(1)
	go e.revive(e.device, step, pause)
}

// giveUp fails every job from now on.
func (d *desk) giveUp(cause error) {
	d.down = fmt.Errorf("%w: %w: %w", job.ErrFailed, job.ErrUnavailable, cause)
	d.engine.health.Store(int32(Down))
	d.engine.notify("device given up", cause)
	d.schedule()
}

// revive opens another queue after a pause and tells the device actor, which
// counts it as done.
func (e *Engine) revive(d device.Device, step policy.RestartStep, pause time.Duration) {
	m := &revived{err: errors.New("the restart did not return")}
	defer func() { e.sendDevice(m) }()
	select {
	case <-time.After(pause):
	case <-e.stopping:
		m.err = errShut
		return
	}
	if err := guard("restart", func() { m.err = m.open(e, d, step) }); err != nil {
		m.err = err
	}
}

func (m *revived) open(e *Engine, d device.Device, step policy.RestartStep) (err error) {
	if step == policy.Reopen {
		if m.home, err = e.Reopen(); err != nil {
			return err
		}
		d = m.home.Device
	}
	m.queue, err = d.NewQueue()
	return err
}

// resurrect goes on with another queue, or tries again.
func (d *desk) resurrect(m *revived) {
	if m.home != nil {
		d.move(m.home)
	}
	switch {
	case d.closing != nil:
		if m.err == nil {
			_ = m.queue.Close() // nothing was committed to it
		}
	case m.err != nil:
		d.failures++
		d.engine.notify("device not restarted", m.err)
		d.restart(policy.Trouble{Lost: true, Broken: errors.Is(m.err, device.ErrBroken)}, m.err)
	default:
		d.queue = m.queue
		d.engine.restarts.Add(1) // first: who sees it up must not report what was before
		d.engine.health.Store(int32(Up))
		d.engine.notify("device restarted", nil)
		d.schedule()
	}
	// Not before: Close must not stop the actor while this is to be delivered
	// again after a panic, or nobody would retire the device before.
	d.engine.reviving.Done()
}

// move makes another device the engine's. Nothing runs on the one before but
// what was given up.
func (d *desk) move(h *Home) {
	e, info := d.engine, d.engine.describe(h.Device)
	if info.Caps != e.info.Caps {
		e.plan = h.Plan
	}
	if info.Backend != e.info.Backend { // what was learned is of another one
		d.costs = policy.NewCostModel(policy.Prior{Bandwidth: info.Bandwidth, Flops: info.Flops, Launch: info.Launch})
	}
	e.device, e.info, e.cache = h.Device, info, h.Cache
	e.epoch++
	for _, list := range [...][]*Batch{d.out, d.cold, d.retries, e.spare} {
		for _, b := range list {
			if b.wreckage == nil { // else its results are being read
				b.moveMemory(e.device)
			}
		}
	}
	e.replanWaiting()
	e.closeRings()
	e.retire(h.Retire)
	h.Enter()
}

// retire calls f when the device before has let go of everything and nothing is
// compiled for it any more.
func (e *Engine) retire(f func()) {
	dropped, compilers := e.dropped, e.compilers
	e.retired = append(slices.DeleteFunc(e.retired, (*wreckage).isClean), dropped...)
	e.dropped, e.compilers = nil, new(sync.WaitGroup)
	e.compiling.Go(func() {
		compilers.Wait()
		whenGone(dropped, f)
	})
}

// strays reports whether a bound batch must be bound again: it was for a queue
// that is gone, or finds that out.
func (d *desk) strays(b *Batch) bool {
	switch {
	case d.closing != nil, d.down != nil, len(b.parts) == 0:
		return false
	case b.refused == nil:
		return d.queue == nil || b.epoch != d.engine.epoch
	case !isLost(b.refused):
		return false
	case d.queue != nil && b.epoch == d.engine.epoch:
		d.fall(b.refused, true)
	}
	if d.down == nil {
		b.refused = nil
	}
	return d.down == nil
}

// putBack keeps a batch that was not committed until there is room again.
func (d *desk) putBack(b *Batch) {
	d.takeBack(b)
	d.warm(b)
	d.retries = append(d.retries, b)
	d.schedule()
}

// notify tells the operator.
func (e *Engine) notify(what string, err error) {
	if e.Notify != nil {
		isolate("notify", func() { e.Notify(what, err) })
	}
}
