package actors

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// posting returns a mailbox whose messages are functions to run.
func posting(l *loop) *mailbox {
	return &mailbox{loop: l, invoker: invoker{
		user:    func(f any) { f.(func())() },
		failure: func(any, any) {},
	}}
}

func TestLoopKeepsTheOrderOfEverySender(t *testing.T) {
	const senders, each = 8, 2000
	l := newLoop()
	m := posting(l)
	var got [senders][]int
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				m.PostUserMessage(func() { got[s] = append(got[s], i) })
			}
		})
	}
	all.Wait()
	l.close()
	for s := range senders {
		require.Len(t, got[s], each)
		for i, x := range got[s] {
			require.Equal(t, i, x, "sender %d", s)
		}
	}
}

func TestLoopRunsWhatItsMessagesPost(t *testing.T) {
	l := newLoop()
	m := posting(l)
	var got []int
	var again func()
	again = func() {
		got = append(got, len(got))
		if len(got) < 1000 {
			m.PostUserMessage(again)
		}
	}
	m.PostUserMessage(again)
	l.close() // waits for what is queued and for what that queues
	require.Len(t, got, 1000)
	require.IsIncreasing(t, got)
}

func TestLoopLetsOthersRunOnce(t *testing.T) {
	l := newLoop()
	m := posting(l)
	var yielded bool
	done := make(chan struct{})
	m.PostUserMessage(func() {
		l.yields.Store(true)
		m.PostUserMessage(func() {
			yielded = !l.yields.Load()
			close(done)
		})
	})
	<-done
	l.close()
	require.True(t, yielded, "the loop took note before the next messages")
}

func TestLoopSurvivesGoexit(t *testing.T) {
	noLeaks(t)
	l := newLoop()
	m := posting(l)
	m.invoker = invoker{user: m.invoker.InvokeUserMessage, failure: func(_, _ any) { m.suspended = false }}
	var got []int
	hold := make(chan struct{})
	m.PostUserMessage(func() { <-hold }) // so that the others are taken together
	for i := range 10 {
		m.PostUserMessage(func() {
			if got = append(got, i); i%3 == 0 {
				runtime.Goexit()
			}
		})
	}
	close(hold)
	l.close()
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, got)
}

// What was delivered is not kept alive by the queues it came through.
func TestLoopForgetsMessages(t *testing.T) {
	l := newLoop()
	m := posting(l)
	for range 100 {
		m.PostUserMessage(func() {})
	}
	l.close()
	for _, q := range [][]envelope{l.queue[:cap(l.queue)], l.taken[:cap(l.taken)]} {
		for i, e := range q {
			require.Equal(t, envelope{}, e, "place %d", i)
		}
	}
}
