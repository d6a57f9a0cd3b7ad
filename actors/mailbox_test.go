package actors

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// box is a mailbox with an actor inside that notes what it is given, and a
// supervisor that restarts it when told to.
type box struct {
	*mailbox
	seen    []any
	fails   map[any]int // how often handling a message panics
	exits   map[any]bool
	lost    []any
	reasons []any
	manual  bool // the test resumes the mailbox, not the supervisor
}

func newBox(t *testing.T) *box {
	b := &box{fails: map[any]int{}, exits: map[any]bool{}}
	l := newLoop()
	t.Cleanup(l.close)
	b.mailbox = &mailbox{loop: l, lost: func(m any) { b.lost = append(b.lost, m) }}
	b.RegisterHandlers(invoker{user: b.take, system: b.take, failure: func(reason, message any) {
		b.reasons = append(b.reasons, reason)
		b.PostSystemMessage(&actor.SuspendMailbox{})
		if !b.manual {
			b.PostSystemMessage(&actor.ResumeMailbox{})
		}
	}}, nil)
	b.Start()
	return b
}

func (b *box) take(m any) {
	if b.exits[m] {
		delete(b.exits, m)
		runtime.Goexit()
	}
	if b.fails[m] > 0 {
		b.fails[m]--
		panic(m)
	}
	b.seen = append(b.seen, m)
}

// do runs f on the loop, so that nothing is handled between what it posts.
func (b *box) do(f func()) {
	done := make(chan struct{})
	m := &mailbox{loop: b.loop, invoker: invoker{user: func(any) { f(); close(done) }}}
	m.PostUserMessage(done)
	<-done
}

// settle returns when everything posted so far, and what that posts, has been
// handled.
func (b *box) settle() {
	for range 20 {
		b.do(func() {})
	}
}

func (b *box) post(ms ...any) {
	b.do(func() {
		for _, m := range ms {
			b.PostUserMessage(m)
		}
	})
	b.settle()
}

func TestMailboxKeepsTheOrder(t *testing.T) {
	b := newBox(t)
	b.do(func() {
		for i := range 3 {
			b.PostUserMessage(i)
			b.PostSystemMessage(strconv.Itoa(i))
			b.PostUserMessage(nil)
		}
	})
	b.settle()
	require.Equal(t, []any{0, "0", 1, "1", 2, "2"}, b.seen)
	require.Zero(t, b.UserMessageCount())
}

func TestMailboxKeepsUserMessagesWhileSuspended(t *testing.T) {
	b := newBox(t)
	b.manual = true
	b.fails[1] = 1
	b.do(func() {
		for i := range 4 {
			b.PostUserMessage(i)
		}
		b.PostSystemMessage("system")
	})
	b.settle()
	require.Equal(t, []any{0, "system"}, b.seen, "nothing but system messages before the restart")
	b.post(4)
	b.do(func() { b.PostSystemMessage(&actor.ResumeMailbox{}) })
	b.post(5)
	require.Equal(t, []any{0, "system", 1, 2, 3, 4, 5}, b.seen, "the interrupted message first, then in order")
	require.Empty(t, b.lost)
	require.Equal(t, []any{1}, b.reasons)
}

func TestMailboxDeliversAgainAfterAPanic(t *testing.T) {
	b := newBox(t)
	b.fails[0], b.fails[1], b.fails[3] = maxTries-1, maxTries-1, 1
	b.post(0, 1, 2, 3, 4)
	require.Equal(t, []any{0, 1, 2, 3, 4}, b.seen)
	require.Empty(t, b.lost, "the count starts anew with each message")
}

func TestMailboxGivesUpAMessage(t *testing.T) {
	b := newBox(t)
	b.fails[1], b.fails[2] = maxTries, maxTries-1
	b.post(0, 1, 2, 3)
	require.Equal(t, []any{0, 2, 3}, b.seen)
	require.Equal(t, []any{1}, b.lost)
	require.Len(t, b.reasons, 2*maxTries-1)
}

func TestMailboxSystemMessageThatPanicsIsNotRepeated(t *testing.T) {
	b := newBox(t)
	b.fails["started"] = 1
	b.do(func() {
		b.PostSystemMessage("started")
		b.PostUserMessage(1)
	})
	b.settle()
	require.Equal(t, []any{1}, b.seen)
	require.Equal(t, []any{"started"}, b.reasons)
}

// A test's FailNow inside an observer ends the goroutine that all actors share.
func TestMailboxSurvivesGoexit(t *testing.T) {
	b := newBox(t)
	b.exits[1], b.exits[3] = true, true
	b.fails[3] = 1 // so that the second Goexit comes from within a resume
	b.post(0, 1, 2, 3, 4)
	require.Equal(t, []any{0, 1, 2, 3, 4}, b.seen)
	require.Contains(t, b.reasons, any("runtime.Goexit"))
}

func TestMailboxDoesNotAllocate(t *testing.T) {
	l := newLoop()
	defer l.close()
	handled := make(chan struct{}, 64)
	m := &mailbox{loop: l, invoker: invoker{user: func(any) { handled <- struct{}{} }}}
	message := any(&wake{})
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for range 64 {
			m.PostUserMessage(message)
		}
		for range 64 {
			<-handled
		}
	}))
}

func BenchmarkMailbox(b *testing.B) {
	l := newLoop()
	defer l.close()
	done := make(chan struct{})
	left := 0
	m := &mailbox{loop: l}
	m.invoker = invoker{user: func(any) {
		if left--; left == 0 {
			done <- struct{}{}
		}
	}}
	b.ReportAllocs()
	for b.Loop() {
		left = 1000
		for range 1000 {
			m.PostUserMessage(wakeUp)
		}
		<-done
	}
}
