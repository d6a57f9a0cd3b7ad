package job_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// watched is a life with a lease, a group, and everything that can be told of
// its end.
type watched struct {
	job.Life
	ledger *job.Ledger
	group  *job.Group
	settle job.Settlement
	model  model
	called int // by OnEnd
	heard  []<-chan struct{}
	later  int // OnEnd registered by the steps themselves
}

func watch() *watched {
	w := &watched{ledger: job.NewLedger(job.Limits{}), group: job.NewGroup(), model: model{phase: "queued"}}
	a := w.ledger.Account("")
	if err := a.Admit(1, 64); err != nil {
		panic(err)
	}
	w.group.Expect(1)
	w.Init(a.Lease(64), w.group)
	w.listen()
	return w
}

func (w *watched) listen() {
	w.later++
	w.OnEnd(func() { w.called++ })
	w.heard = append(w.heard, job.HandleOf(&w.Life).Done())
}

// steps is everything that can happen to a life, each beside its model.
var steps = []struct {
	name string
	do   func(w *watched) (got, want bool)
}{
	{"hold", func(w *watched) (bool, bool) { return w.Hold(), w.model.hold() }},
	{"cancel", func(w *watched) (bool, bool) { return w.finish(job.Cancelled) }},
	{"expire", func(w *watched) (bool, bool) { return w.finish(job.Expired) }},
	{"fail", func(w *watched) (bool, bool) { return w.finish(job.Failed) }},
	{"release", func(w *watched) (bool, bool) { w.letGo(job.Done); return true, true }},
	{"release failed", func(w *watched) (bool, bool) { w.letGo(job.Failed); return true, true }},
	{"settle", func(w *watched) (bool, bool) {
		w.settle.Add(&w.Life, job.Done, nil)
		w.model.settle(job.Done)
		return true, true
	}},
	{"flush", func(w *watched) (bool, bool) {
		sealed := w.model.phase == "sealed"
		w.model.flush()
		return w.settle.Flush() == 1, sealed
	}},
	{"listen", func(w *watched) (bool, bool) { w.listen(); return true, true }},
}

func (w *watched) finish(o job.Outcome) (got, want bool) {
	return w.End(o, outcomeErrors[o]), w.model.end(o)
}

func (w *watched) letGo(o job.Outcome) {
	w.Release(o, outcomeErrors[o])
	w.model.release(o)
}

// check compares everything that can be seen with the model.
func (w *watched) check() error {
	if err := w.model.differs(&w.Life); err != nil {
		return err
	}
	ended := w.model.phase == "ended"
	for i, ch := range w.heard {
		if closed(ch) != ended {
			return fmt.Errorf("Done %d is closed: %v", i, !ended)
		}
	}
	audit := w.ledger.Audit()
	switch {
	case ended && w.called != w.later, !ended && w.called != 0:
		return fmt.Errorf("OnEnd called %d of %d functions", w.called, w.later)
	case !audit.Balances(), audit.InFlight != int64(btoi(!ended)), audit.Bytes != 64*audit.InFlight:
		return fmt.Errorf("audit %+v", audit)
	case ended && [job.Outcomes]int64{0, audit.Done, audit.Failed, audit.Cancelled, audit.Expired}[w.model.outcome] != 1:
		return fmt.Errorf("ended %v, audit %+v", w.model.outcome, audit)
	}
	return nil
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// TestLifeAgainstModel takes every sequence of five steps.
func TestLifeAgainstModel(t *testing.T) {
	const length = 5
	var walk func(path []int)
	walk = func(path []int) {
		if len(path) < length {
			for i := range steps {
				walk(append(path[:len(path):len(path)], i))
			}
			return
		}
		w := watch()
		for n, i := range path {
			got, want := steps[i].do(w)
			if err := w.check(); err != nil || got != want {
				t.Fatalf("after %v: step returned %v, want %v; %v", names(path[:n+1]), got, want, err)
			}
		}
		if w.model.phase == "ended" { // the group has heard exactly once
			require.NoError(t, w.group.Wait(context.Background()))
		}
	}
	walk(nil)
}

func names(path []int) (s []string) {
	for _, i := range path {
		s = append(s, steps[i].name)
	}
	return s
}

func TestOutcomeNames(t *testing.T) {
	for o, want := range map[job.Outcome]string{
		job.Done: "done", job.Failed: "failed", job.Cancelled: "cancelled", job.Expired: "expired", 0: "outcome(0)",
	} {
		require.Equal(t, want, o.String())
	}
	require.Equal(t, 5, job.Outcomes)
}

// TestResetLivesAgain: a reset life knows nothing of the one before, marked or
// listened to as that was.
func TestResetLivesAgain(t *testing.T) {
	ledger := job.NewLedger(job.Limits{})
	a := ledger.Account("again")
	group := job.NewGroup()
	var l job.Life
	for _, mark := range []job.Outcome{job.Cancelled, job.Expired, job.Cancelled} {
		require.NoError(t, a.Admit(1, 8))
		group.Expect(1)
		l.Init(a.Lease(8), group)
		calls := 0
		l.OnEnd(func() { calls++ })
		require.True(t, l.Pending() && l.Hold())
		require.False(t, l.End(mark, outcomeErrors[mark]))
		l.Release(job.Done, nil)
		o, err := l.Result()
		require.Equal(t, mark, o)
		require.Equal(t, outcomeErrors[mark], err)
		require.Equal(t, 1, calls)
		require.NoError(t, group.Wait(context.Background()))
		l.Reset()
		o, err = l.Result()
		require.Zero(t, o)
		require.NoError(t, err)
	}
	// Without Init it has no lease and no group.
	l.Join(group)
	l.Join(nil)
	require.True(t, l.End(job.Done, nil))
	require.Equal(t, job.Audit{Submitted: 3, Cancelled: 2, Expired: 1}, ledger.Audit())
}
