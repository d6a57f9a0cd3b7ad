package job_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// action is what one goroutine does to a life: it ends it, or it holds it and,
// when that worked, lets it go.
type action struct {
	holds   bool
	settles bool // lets go through a settlement
	outcome job.Outcome
}

// result is what the goroutine was told.
type result struct{ held, ended bool }

func (a action) run(l *job.Life) (r result) {
	if !a.holds {
		return result{ended: l.End(a.outcome, outcomeErrors[a.outcome])}
	}
	if r.held = l.Hold(); !r.held {
		return r
	}
	if a.settles {
		var s job.Settlement
		s.Add(l, a.outcome, outcomeErrors[a.outcome])
		s.Flush()
	} else {
		l.Release(a.outcome, outcomeErrors[a.outcome])
	}
	return r
}

// TestLifeIsLinearizable races random actions and looks for an order of their
// steps in which the model tells everybody the same and ends the same.
func TestLifeIsLinearizable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		actions := make([]action, 2+random.IntN(3))
		for i := range actions {
			actions[i] = action{random.IntN(2) == 0, random.IntN(3) == 0, job.Outcome(1 + random.IntN(4))}
		}
		var l job.Life
		results := race(actions, &l)
		if !explained(model{phase: "queued"}, actions, results, make([]int, len(actions)), &l) {
			o, err := l.Result()
			t.Fatalf("no order explains %+v told %+v: %v, %v", actions, results, o, err)
		}
	}
}

func race(actions []action, l *job.Life) []result {
	results := make([]result, len(actions))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, a := range actions {
		all.Go(func() {
			<-start
			results[i] = a.run(l)
		})
	}
	close(start)
	all.Wait()
	return results
}

// explained tries every order of the steps that are left; done counts those
// that each goroutine has taken.
func explained(m model, actions []action, told []result, done []int, l *job.Life) bool {
	over := true
	for i, a := range actions {
		last := 1 + btoi(told[i].held)
		if done[i] == last {
			continue
		}
		over = false
		next := m
		if !next.step(a, told[i], done[i]) {
			continue
		}
		done[i]++
		ok := explained(next, actions, told, done, l)
		done[i]--
		if ok {
			return true
		}
	}
	return over && m.differs(l) == nil
}

// step takes a goroutine's nth step and reports whether the model says what
// the goroutine was told.
func (m *model) step(a action, told result, n int) bool {
	switch {
	case !a.holds:
		return m.end(a.outcome) == told.ended
	case n == 0:
		return m.hold() == told.held
	case a.settles:
		m.settle(a.outcome)
		m.flush()
	default:
		m.release(a.outcome)
	}
	return true
}

// TestLifeUnderStress races everything that may be called on lives that share
// a ledger, and reuses each when all have let go of it.
func TestLifeUnderStress(t *testing.T) {
	const rounds = 1500
	ledger := job.NewLedger(job.Limits{})
	account := ledger.Account("stress")
	group := job.NewGroup()
	var l job.Life
	var told, called atomic.Int64
	for round := range rounds {
		require.NoError(t, account.Admit(1, 10))
		group.Expect(1)
		l.Init(account.Lease(10), group)
		l.OnEnd(func() { called.Add(1) })
		var all sync.WaitGroup
		for _, f := range listeners(&l) {
			all.Go(func() {
				if err := f(); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				told.Add(1)
			})
		}
		race([]action{{true, round%2 == 0, job.Done}, {true, false, job.Failed}, {false, false, job.Cancelled}, {false, false, job.Expired}}, &l)
		all.Wait()
		require.NoError(t, group.Wait(context.Background()))
		l.Reset()
	}
	require.Equal(t, int64(rounds*len(listeners(&l))), told.Load())
	require.Equal(t, int64(rounds), called.Load())
	audit := ledger.Audit()
	require.True(t, audit.Balances())
	require.Zero(t, audit.InFlight)
	require.Zero(t, audit.Bytes)
}

// listeners are the ways to hear of a job's end. Each returns an error when
// the outcome is not to be seen afterwards.
func listeners(l *job.Life) []func() error {
	h := job.HandleOf(l)
	seen := func(err error) error {
		o, ok := h.Outcome()
		if !ok || outcomeErrors[o] != err || h.Err() != err {
			return fmt.Errorf("told %v; outcome %v, %v, error %w", err, o, ok, h.Err())
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	return []func() error{
		func() error { return seen(l.Await(context.Background())) },
		func() error { return seen(h.Wait(context.Background())) },
		func() error { defer cancel(); return seen(h.Wait(ctx)) },
		func() error { <-h.Done(); return seen(h.Err()) },
		func() error { <-h.Done(); return seen(h.Wait(context.Background())) },
	}
}
