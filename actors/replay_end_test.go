package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// A batch is over when the device was through with it, not when the desk heard of
// it: tenants take turns by that, and others may have been served in between.
func TestReplayKnowsWhenABatchEnded(t *testing.T) {
	s, seen := newShelf(), &notes{}
	s.engine.opened = s.arrived
	s.trace = newTrace(s.engine, seen)
	s.insert(s.task(t, product(fill(4, 4, 1), 1, 3)))

	ledger := job.NewLedger(job.Limits{})
	r := NewReplayer(Config{
		Ledger: ledger, Costs: policy.NewCostModel(policy.Prior{}), Shards: 1,
		MaxColumns: 8, MaxJobs: 8, MaxProblems: 8, MaxTime: time.Second,
	}, 1, nil, func(p kernels.Problem, _ string) (plan, was *kernels.Plan, err error) {
		plan, err = s.plans.Plan(p)
		return plan, plan, err
	})
	result, err := r.Run(append(*seen,
		metrics.Event{Kind: metrics.KindSlot, At: 2 * time.Millisecond, Slot: 1},
		metrics.Event{Kind: metrics.KindPick, At: 2 * time.Millisecond, Slot: 1, Picked: "the only one"},
		metrics.Event{Kind: metrics.KindForm, At: 2 * time.Millisecond, Slot: 1, Shares: []metrics.Share{{Job: 1, To: 1}}},
		metrics.Event{Kind: metrics.KindDone, At: 9 * time.Millisecond, Slot: 1, Ended: 5 * time.Millisecond, DeviceTime: time.Millisecond},
		metrics.Event{Kind: metrics.KindEnd, At: 9 * time.Millisecond},
	))
	require.NoError(t, err)
	require.Equal(t, 1, result.Replayed.Batches)
	served := ledger.Account("").Keep.(*tenant).served
	require.Equal(t, 5*time.Millisecond, served.Sub(r.engine.opened))
}
