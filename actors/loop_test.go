package actors

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
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

// lender returns a mailbox on a loop that this goroutine owns.
func lender(t *testing.T) (*loop, *mailbox) {
	l := newLoop()
	require.True(t, l.own())
	return l, posting(l)
}

func TestLoopRunsOnWhoeverLendsItself(t *testing.T) {
	l, m := lender(t)
	ran := 0 // unguarded: everything runs here
	for range lentMessages - 1 {
		m.PostUserMessage(func() { ran++ })
	}
	l.lend()
	require.Equal(t, lentMessages-1, ran)
	require.True(t, l.own(), "it was given up")
	l.lend()
	l.close()
}

func TestLoopFinishesWhatALenderLeaves(t *testing.T) {
	l, m := lender(t)
	var got []int
	for i := range 10 * lentMessages {
		m.PostUserMessage(func() { got = append(got, i) })
	}
	l.lend()
	l.close()
	require.Len(t, got, 10*lentMessages)
	require.IsIncreasing(t, got)
}

func TestLoopSurvivesALenderThatEnds(t *testing.T) {
	noLeaks(t)
	l := newLoop()
	m := posting(l)
	m.invoker = invoker{user: m.invoker.InvokeUserMessage, failure: func(_, _ any) { m.suspended = false }}
	rest := false
	done := make(chan bool)
	go func() {
		defer close(done)
		done <- l.own()
		m.PostUserMessage(runtime.Goexit)
		m.PostUserMessage(func() { rest = true })
		l.lend()
	}()
	require.True(t, <-done)
	<-done
	l.close()
	require.True(t, rest)
}

// A loop that is closed while it is lent ends all the same.
func TestLoopClosesAfterALender(t *testing.T) {
	l, m := lender(t)
	ran := false
	m.PostUserMessage(func() { ran = true })
	closed := make(chan struct{})
	go func() {
		l.close()
		close(closed)
	}()
	for !l.isClosed() {
		runtime.Gosched()
	}
	l.lend()
	<-closed
	require.True(t, ran)
}

func (l *loop) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func TestLoopIsOwnedByOne(t *testing.T) {
	l, m := lender(t)
	require.False(t, l.tryOwn())
	inside := 0
	m.PostUserMessage(func() { inside++ })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				if l.own() {
					m.PostUserMessage(func() { inside++ })
					l.lend()
				} else {
					m.PostUserMessage(func() { inside++ })
				}
			}
		})
	}
	l.lend()
	all.Wait()
	l.close()
	require.Equal(t, 1+8*500, inside)
}

// Callers hear of their jobs when the loop is free for others.
func TestLoopTellsAfterTheLoan(t *testing.T) {
	l, m := lender(t)
	free := make(chan bool, 1)
	life := &job.Life{}
	life.OnEnd(func() { free <- l.tryOwn() })
	require.True(t, life.Hold())
	m.PostUserMessage(func() {
		var s job.Settlement
		s.Add(life, job.Done, nil)
		l.tell(&s)
		require.False(t, life.Ended())
	})
	l.lend()
	require.True(t, <-free)
	l.lend()
	l.close()
}
