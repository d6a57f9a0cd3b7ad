package actors

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// start spawns the actors. All run on one long-lived goroutine: they only pass
// work on, and a hand-over within a goroutine costs a tenth of one between
// two.
func (e *Engine) start() {
	e.loop = newLoop()
	e.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
	for range e.Shards {
		for op := kernels.OpMatmul; int(op) < kernels.Ops; op++ {
			e.dispatchers[op] = append(e.dispatchers[op], e.newDispatcher(op))
		}
	}
	for f := 1; f < kernels.FamilyCount; f++ {
		e.kernels[f] = e.spawn("kernel", e.kernelActor)
	}
	e.devicer = e.spawnAt(&e.desk.door, "device", e.desk.receive)
}

// stop ends the actors, each after the messages it has. The device actor is the
// last: a dispatcher may have a wake-up yet, and passes it on.
func (e *Engine) stop() {
	var pids []*actor.PID
	for _, ds := range &e.dispatchers {
		for _, d := range ds {
			pids = append(pids, d.pid)
		}
	}
	pids = append(pids, e.kernels[1:]...)
	for _, pid := range append(pids, e.devicer) {
		_ = e.system.Root.StopFuture(pid).Wait() // only ever times out, when the loop is gone
	}
	e.system.Shutdown()
	e.loop.close()
}

// spawn starts an actor that is restarted however often it panics.
func (e *Engine) spawn(role string, receive func(message any)) *actor.PID {
	return e.spawnAt(&mailbox{}, role, receive)
}

// spawnAt is spawn for an actor whose mailbox is known to others: what they
// post there when the actor has stopped is nobody's dead letter.
func (e *Engine) spawnAt(m *mailbox, role string, receive func(message any)) *actor.PID {
	m.loop, m.lost = e.loop, e.lost
	react := func(ctx actor.Context) {
		message := ctx.Message()
		if e.Fault != nil && !stops(message) {
			e.Fault(role)
		}
		receive(message)
	}
	return e.system.Root.Spawn(actor.PropsFromFunc(react,
		actor.WithMailbox(m.produce),
		actor.WithGuardian(actor.NewRestartingStrategy()),
	))
}

// stops reports whether an actor is being stopped: one that panicked then would
// be restarted instead.
func stops(message any) bool {
	switch message.(type) {
	case *actor.Stopping, *actor.Stopped:
		return true
	}
	return false
}

// now is time.Now for half the price: one reading of the monotonic clock.
func (e *Engine) now() time.Time { return e.opened.Add(time.Since(e.opened)) }

func (e *Engine) send(pid *actor.PID, message any) { e.system.Root.Send(pid, message) }

// sendDevice may be called by timers and threads of the device's that are late.
func (e *Engine) sendDevice(message any) { e.desk.door.PostUserMessage(message) }

// PanicError says that our own code panicked while it handled a batch.
type PanicError struct {
	Where string
	Value any
	Stack []byte
}

func (p *PanicError) Error() string { return fmt.Sprintf("actors: panic in %s: %v", p.Where, p.Value) }

// guard runs f and turns a panic into an error.
func guard(where string, f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Where: where, Value: r, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}

// isolate is guard for what may end its goroutine as well, as a test's FailNow does,
// where that must not stop the caller.
func isolate(where string, f func()) {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		_ = guard(where, f)
	}()
	<-returned
}

// lost takes a message that made an actor panic every time. A batch in it goes
// back to the device actor as refused; wake-ups are sent again.
func (e *Engine) lost(message any) {
	var b *Batch
	switch m := message.(type) {
	case *credit:
		b = (*Batch)(m)
	case *formed:
		b = (*Batch)(m)
	case *wake, *ready:
		e.sendDevice(isReady)
		return
	case *bound:
		b = (*Batch)(m)
	case *begun, *completed, *compiled, *look, *trouble, *revived, *shut:
		e.sendDevice(message)
		return
	default:
		return // protoactor's own
	}
	b.refused = &PanicError{Where: undelivered, Value: fmt.Sprintf("%T failed %d times", message, maxTries)}
	e.sendDevice((*bound)(b))
}
