package dashboard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// filled returns a Dashboard whose clock is the test's, with one batch of n
// jobs in each of the ten seconds before it: n = 1 to 10.
func filled() (d *Dashboard, clock *time.Time) {
	now := start
	d = New(func() Status {
		return Status{Device: "cpu", Name: "Abacus", Queue: []Tenant{{Name: "alice", InFlight: 3}}}
	})
	d.now = func() time.Time { return now }
	for n := 1; n <= 10; n++ {
		d.Record(decision(uint64(n), n))
		now = now.Add(time.Second)
	}
	return d, &now
}

func decision(seq uint64, jobs int) *metrics.Decision {
	return &metrics.Decision{
		Seq: seq, Op: "matmul", Shape: metrics.Shape{Batch: 1, M: 8, N: 1, K: 4}, DTypes: metrics.DTypes{A: "f32", B: "f32", C: "f32"},
		Jobs: jobs, Columns: jobs, Tenants: []metrics.Tenant{{Name: "alice", Jobs: jobs}},
		Plan:        metrics.Plan{Backend: "smalln", Variant: "N1"},
		Rules:       []metrics.Rule{{Name: "small-n", Applied: true, Reason: "N=1 <= 8"}},
		CloseReason: "slot_free", Outcome: "done",
		DeviceTime: 300 * time.Millisecond, Total: time.Duration(jobs) * time.Millisecond,
	}
}

func TestSnapshot(t *testing.T) {
	d, _ := filled()
	s := d.Snapshot()
	require.Equal(t, "Abacus", s.Status.Name)
	require.InDelta(t, 9, s.Now.JobsPerSecond, 1e-9) // 10, 9 and 8
	require.InDelta(t, 1, s.Now.BatchesPerSecond, 1e-9)
	require.InDelta(t, 9, s.Now.MeanBatch, 1e-9)
	require.InDelta(t, 0.3, s.Now.Busy, 1e-9)
	require.InEpsilon(t, 5*time.Millisecond, s.Now.P50, 0.02)
	require.InEpsilon(t, 10*time.Millisecond, s.Now.Max, 0.02)
	require.Equal(t, []Variant{{
		Op: "matmul", Backend: "smalln", Variant: "N1", Reason: "N=1 <= 8",
		Batches: 10, Jobs: 55, Device: 3 * time.Second,
	}}, s.Variants)
	require.Len(t, s.Recent, 10)
	require.EqualValues(t, 10, s.Recent[0].Seq)
	require.Equal(t, "matmul 8x4x1 f32", s.Recent[0].What)
	require.Equal(t, "slot_free", s.Recent[0].Why)
}

func TestTheWindowMovesOn(t *testing.T) {
	d, clock := filled()
	*clock = clock.Add(30 * time.Second)
	s := d.Snapshot()
	require.Zero(t, s.Now.JobsPerSecond)
	require.NotZero(t, s.Now.P50, "within the last minute")
	*clock = clock.Add(time.Hour)
	s = d.Snapshot()
	require.Zero(t, s.Now.P50)
	require.Len(t, s.Variants, 1, "variants are since the start")
	for _, x := range d.series(func(s second) float64 { return float64(s.jobs) }) {
		require.Zero(t, x)
	}
}

func TestChecksAreNoBatches(t *testing.T) {
	d, _ := filled()
	r := decision(11, 1)
	r.Check = "match"
	d.Record(r)
	s := d.Snapshot()
	require.Equal(t, 10, s.Variants[0].Batches)
	require.Len(t, s.Recent, 10)
}

func TestFailuresAreCounted(t *testing.T) {
	d, _ := filled()
	r := decision(11, 1)
	r.Outcome = "failed"
	d.Record(r)
	require.Equal(t, 1, d.Snapshot().Variants[0].Failed)
}

func TestRecentKeepsTheLatest(t *testing.T) {
	d := New(func() Status { return Status{} })
	for seq := range uint64(3 * recentDecisions) {
		d.Record(decision(seq, 1))
	}
	_, ok := d.recent.find(2*recentDecisions - 1)
	require.False(t, ok)
	found, ok := d.recent.find(2 * recentDecisions)
	require.True(t, ok)
	require.Equal(t, "alice", found.Tenants[0].Name)
	require.Len(t, d.Snapshot().Recent, shownLines)
}

func TestSizes(t *testing.T) {
	var s sizes
	for _, n := range []int{1, 2, 3, 4, 5, 8, 9} {
		s.add(n)
	}
	values, labels := s.bars()
	require.Equal(t, []float64{1, 1, 2, 2, 1}, values)
	require.Equal(t, []string{"1", "2", "3-4", "5-8", "9-16"}, labels)
	s.add(1 << 30)
	_, labels = s.bars()
	require.Equal(t, "16385+", labels[len(labels)-1])
}
