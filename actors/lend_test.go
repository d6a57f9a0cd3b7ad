package actors

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

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

// Others are let run before a batch as long as that brings something.
func TestLoopLearnsWhetherToBreathe(t *testing.T) {
	l, _ := lender(t)
	defer l.close()
	defer l.lend()
	l.breath = 1 // nobody came
	l.learn(1)
	require.EqualValues(t, minRest, l.rests.Load())
	for range minRest {
		require.Zero(t, l.breathe())
	}
	l.breath = l.breathe()
	require.NotZero(t, l.breath)
	l.learn(1)
	require.EqualValues(t, 2*minRest, l.rests.Load(), "less and less often")
	for range 2 * minRest {
		_ = l.breathe()
	}
	l.breath = 10 * breathTime // many came in that time
	l.learn(11)
	require.Zero(t, l.rests.Load())
	l.breath = 10 * breathTime // it took too long for what came
	l.learn(9)
	require.EqualValues(t, minRest, l.rests.Load())
	l.learn(1) // without a breath there is nothing to learn
	require.EqualValues(t, minRest, l.rests.Load())
}

// Who submits to a device that computes apart from the processors does not wait
// for others to go first, nor for the loop.
func TestSubmitDoesNotQueueForTheLoop(t *testing.T) {
	for depth, rests := range map[int]int32{1: 9, 2: 10} {
		r := newRig(t, sim.Config{QueueDepth: depth}, func(c *Config) { c.Lend = true })
		r.at(func() {}) // it has started
		for !r.loop.tryOwn() {
			runtime.Gosched()
		}
		r.loop.rests.Store(10)                 // of breaths that are left out
		r.submit(product(fill(4, 4, 1), 1, 1)) // returns although nobody lets go of the loop
		require.Equal(t, rests, r.loop.rests.Load(), "depth %d", depth)
		require.True(t, r.refs[0].Pending())
		r.loop.lend()
		wait(r.refs...)
		requireDone(t, r.refs...)
	}
}
