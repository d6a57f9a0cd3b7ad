package decode

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

func TestTallyAddsBatchesByKind(t *testing.T) {
	c := newTally()
	record := func(variant, tenant string, jobs int) {
		c.Record(&metrics.Decision{
			Op: "matmul", Plan: metrics.Plan{Backend: "smalln", Variant: variant}, CloseReason: "full",
			Jobs: jobs, DeviceTime: time.Millisecond, Tenants: []metrics.Tenant{{Name: tenant, Jobs: jobs}},
		})
	}
	record("N8", "", 5)
	record("N8", "", 8)
	record("N1", "", 1)
	record("N1", waiter, 1) // a lane's own
	require.Equal(t, map[BatchKind]BatchSum{
		{"matmul", "smalln", "N8", "full"}: {2, 13, 2 * time.Millisecond},
		{"matmul", "smalln", "N1", "full"}: {1, 1, time.Millisecond},
	}, c.batchSums())
}

func TestTallyCountsJobs(t *testing.T) {
	c := newTally()
	c.done(QKV, 10, time.Millisecond)
	c.done(QKV, 10, 3*time.Millisecond)
	c.done(LMHead, 7, 100*time.Hour)
	require.EqualValues(t, 3, c.jobs())
	sums := c.kindSums()
	require.EqualValues(t, 2, sums[QKV].Jobs)
	require.EqualValues(t, 20, sums[QKV].Flops)
	require.InEpsilon(t, float64(3*time.Millisecond), float64(sums[QKV].Latency.Max()), 0.02)
	require.EqualValues(t, 1, sums[LMHead].Latency.TotalCount(), "however long it took")
	require.Zero(t, sums[Softmax].Jobs)
}

func TestMeanJobs(t *testing.T) {
	require.Zero(t, BatchSum{}.MeanJobs())
	require.Equal(t, 2.5, BatchSum{Batches: 2, Jobs: 5}.MeanJobs())
}
