package actors

import "github.com/asynkron/protoactor-go/actor"

// mailbox is an actor's door on the loop. Unlike protoactor's own it loses no
// message: one whose handling panicked is delivered again after the restart,
// and those that come meanwhile are kept.
//
// Post may be called from any goroutine; the rest runs on the loop.
type mailbox struct {
	loop    *loop
	invoker actor.MessageInvoker
	// lost takes a message that panicked time and again, so that what it
	// carries can be ended.
	lost func(message any)

	suspended bool  // between a panic and the restart
	held      []any // user messages that came meanwhile, in order
	tries     int   // how often the first of them panicked
}

// maxTries is how often a message may panic before it is given up.
const maxTries = 3

// produce returns m to protoactor, which asks once for each actor.
func (m *mailbox) produce() actor.Mailbox { return m }

// PostUserMessage implements actor.Mailbox. A nil message is ignored.
func (m *mailbox) PostUserMessage(message any) {
	if message != nil {
		m.loop.post(envelope{m, message, false})
	}
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) { m.loop.post(envelope{m, message, true}) }

// RegisterHandlers implements actor.Mailbox. The loop is the dispatcher.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {}

// UserMessageCount implements actor.Mailbox. Messages are counted for all
// actors together, by the loop; none are counted here.
func (m *mailbox) UserMessageCount() int { return 0 }

// handle delivers one message, or keeps it until the actor has restarted.
func (m *mailbox) handle(message any, system bool) {
	switch {
	case system:
		m.deliver(message, true)
	case m.suspended:
		m.held = append(m.held, message)
	default:
		m.deliver(message, false)
	}
}

// deliver gives a message to the actor. A panic, or the end of the goroutine,
// is the actor's failure; its supervisor restarts it.
func (m *mailbox) deliver(message any, system bool) {
	returned := false
	defer func() {
		if returned {
			return
		}
		reason := recover()
		if reason == nil {
			reason = "runtime.Goexit"
		}
		m.interrupted(message, system)
		m.invoker.EscalateFailure(reason, message)
	}()
	switch {
	case system:
		m.deliverSystem(message)
	default:
		m.invoker.InvokeUserMessage(message)
		m.tries = 0
	}
	returned = true
}

func (m *mailbox) deliverSystem(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox: // it was, from the moment of the panic
	case *actor.ResumeMailbox:
		m.resume()
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

// interrupted keeps a message whose handling panicked, first of all.
func (m *mailbox) interrupted(message any, system bool) {
	m.suspended = true
	if system {
		return
	}
	if m.tries++; m.tries >= maxTries {
		m.tries = 0
		m.lost(message)
		return
	}
	m.held = append([]any{message}, m.held...)
}

// resume delivers what was kept.
func (m *mailbox) resume() {
	m.suspended = false
	for len(m.held) > 0 && !m.suspended {
		message := m.held[0]
		m.held = m.held[1:]
		m.deliver(message, false)
	}
	if len(m.held) == 0 {
		m.held = nil
	}
}
