package actors

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox queues an actor's messages. Unlike protoactor's own it allocates
// nothing for a wake-up, and a message whose handling panicked is delivered
// again after the restart instead of being lost.
type mailbox struct {
	mu        sync.Mutex
	user      fifo
	system    fifo
	busy      bool // scheduled or running
	suspended bool // between a panic and the restart

	again any // the message to deliver again
	tries int // how often it panicked

	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	process    func() // run, bound once
	// lost takes a message that panicked time and again, or came after the
	// actor stopped, so that what it carries can be ended.
	lost func(message any)
}

// maxTries is how often a message may panic before it is given up.
const maxTries = 3

func newMailbox(lost func(any)) actor.MailboxProducer {
	return func() actor.Mailbox {
		m := &mailbox{lost: lost}
		m.process = m.run
		return m
	}
}

// PostUserMessage implements actor.Mailbox. A nil message is ignored.
func (m *mailbox) PostUserMessage(message any) {
	if message == nil {
		return
	}
	m.mu.Lock()
	m.user.push(message)
	m.schedule()
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.system.push(message)
	m.schedule()
}

// schedule unlocks and lets the mailbox run, unless it does already.
func (m *mailbox) schedule() {
	start := !m.busy
	m.busy = true
	m.mu.Unlock()
	if start {
		m.dispatcher.Schedule(m.process)
	}
}

// RegisterHandlers implements actor.Mailbox.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {}

// UserMessageCount implements actor.Mailbox.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user.len()
}

// run delivers messages until none is left or the throughput is used up.
func (m *mailbox) run() {
	for range m.dispatcher.Throughput() {
		message, system, ok := m.next()
		if !ok {
			return
		}
		m.deliver(message, system)
	}
	m.dispatcher.Schedule(m.process)
}

// next takes the next message: system messages first, then the one to repeat.
func (m *mailbox) next() (message any, system, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if message, ok = m.system.pop(); ok {
		return message, true, true
	}
	if m.suspended {
		m.busy = false
		return nil, false, false
	}
	if message = m.again; message != nil {
		return message, false, true
	}
	if message, ok = m.user.pop(); !ok {
		m.busy = false
	}
	return message, false, ok
}

func (m *mailbox) deliver(message any, system bool) {
	defer func() {
		if r := recover(); r != nil {
			m.interrupted(message, system)
			m.invoker.EscalateFailure(r, message)
		}
	}()
	switch {
	case !system:
		m.invoker.InvokeUserMessage(message)
		if m.again != nil {
			m.again, m.tries = nil, 0
		}
	default:
		m.deliverSystem(message)
	}
}

func (m *mailbox) deliverSystem(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspended = true
	case *actor.ResumeMailbox:
		m.suspended = false
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

// interrupted remembers a user message whose handling panicked.
func (m *mailbox) interrupted(message any, system bool) {
	if system {
		return
	}
	m.again = message
	if m.tries++; m.tries >= maxTries {
		m.again, m.tries = nil, 0
		m.lost(message)
	}
}

// fifo is a queue of messages that keeps its memory.
type fifo struct {
	items []any
	head  int
}

func (q *fifo) len() int { return len(q.items) - q.head }

func (q *fifo) push(x any) { q.items = append(q.items, x) }

func (q *fifo) pop() (any, bool) {
	if q.head == len(q.items) {
		return nil, false
	}
	x := q.items[q.head]
	q.items[q.head] = nil
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return x, true
}
