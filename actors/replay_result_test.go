package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

func TestDrift(t *testing.T) {
	d := drift{units: map[uint64]int{}}
	share := func(job uint64, from, to int) []metrics.Share { return []metrics.Share{{Job: job, From: from, To: to}} }
	require.False(t, d.is())
	d.add(share(1, 0, 3), -1)
	require.True(t, d.is())
	require.Equal(t, 3, d.behind)
	d.add(share(2, 0, 5), 1) // ahead with another job makes up for nothing
	require.Equal(t, 3, d.behind)
	d.add(share(1, 0, 4), 1)
	require.Zero(t, d.behind)
	d.add(share(1, 3, 4), -1)
	d.add(share(2, 0, 5), -1)
	require.False(t, d.is())
	d.add(share(3, 0, 0), -1) // an empty job counts, too
	require.Equal(t, 1, d.behind)
}

func TestChoiceEqual(t *testing.T) {
	e := &metrics.Event{
		Picked: "a", Class: 1, MaxColumns: 2, MaxProblems: 3, CloseReason: "full", Attempt: 1, Columns: 4, Problems: 5,
		Shares: []metrics.Share{{Job: 1, To: 1}},
	}
	choice := func(change func(*metrics.Event)) *Choice {
		other := *e
		other.Shares = []metrics.Share{{Job: 1, To: 1}}
		change(&other)
		c := &Choice{Slot: 7}
		c.pick(&other)
		c.form(&other)
		return c
	}
	same := choice(func(*metrics.Event) {})
	require.True(t, same.equal(choice(func(*metrics.Event) {})))
	require.True(t, (*Choice)(nil).equal(nil))
	require.False(t, same.equal(nil) || (*Choice)(nil).equal(same))
	for _, change := range []func(*metrics.Event){
		func(e *metrics.Event) { e.Picked = "b" },
		func(e *metrics.Event) { e.Class = 0 },
		func(e *metrics.Event) { e.CloseReason = "alone" },
		func(e *metrics.Event) { e.Attempt = 0 },
		func(e *metrics.Event) { e.Columns = 0 },
		func(e *metrics.Event) { e.Problems = 0 },
		func(e *metrics.Event) { e.Shares[0].To = 2 },
		func(e *metrics.Event) { e.Shares = nil },
	} {
		require.False(t, same.equal(choice(change)))
	}
	for _, change := range []func(*metrics.Event){
		func(e *metrics.Event) { e.MaxColumns = 0 },
		func(e *metrics.Event) { e.MaxProblems = 0 },
	} {
		other := choice(change)
		require.True(t, same.equal(other))
		for _, strict := range []bool{false, true} {
			r := newReplay()
			r.compare(&slot{here: same, there: other}, strict)
			require.Equal(t, strict, r.Different == 1)
		}
	}
}
