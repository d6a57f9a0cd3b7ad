package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// The tests here read the order of batches from the record: every batch is
// one job's, of a tenant that says which.

func order(all []metrics.Decision) string {
	var names []string
	for _, d := range all {
		names = append(names, d.Tenants[0].Name)
	}
	return strings.Join(names, " ")
}

func TestHighOvertakesLow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), NoBatching: true, AgeStep: time.Hour}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		for _, p := range []job.Priority{job.Low, job.Normal, job.High, job.Low, job.Normal, job.High} {
			submit(t, s, newProbe(w, job.Options{Tenant: p.String(), Priority: p}))
		}
		require.Equal(t, "busy high high normal normal low low", order(f.decisions(t, s)))
	})
}

// TestLowIsNotStarved keeps two high jobs waiting at all times.
func TestLowIsNotStarved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), NoBatching: true, AgeStep: time.Second}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		high := func() { submit(t, s, newProbe(w, job.Options{Tenant: "high", Priority: job.High})) }
		submit(t, s, newProbe(w, job.Options{Tenant: "low", Priority: job.Low}))
		high()
		for range 10 {
			high()
			time.Sleep(time.Second)
		}
		names := strings.Fields(order(f.decisions(t, s)))
		low := 0
		for names[low] != "low" {
			low++
		}
		require.Greater(t, low, 1, "high goes first: %v", names)
		require.Less(t, low, 7, "but not for ever: %v", names)
	})
}

// TestTenantsTakeTurns: whoever used the device less goes first, however much
// the other has waiting.
func TestTenantsTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), NoBatching: true, AgeStep: time.Hour}
		f := record(&cfg)
		s := start(t, cfg)
		wa, wb := square(t, s, 4), square(t, s, 5)
		busy(t, s, wa)
		for range 6 {
			submit(t, s, newProbe(wa, job.Options{Tenant: "a"}))
		}
		for range 3 {
			submit(t, s, newProbe(wb, job.Options{Tenant: "b"}))
		}
		got := order(f.decisions(t, s))
		require.Equal(t, "busy a b", got[:8])
		require.Less(t, strings.LastIndex(got, "b"), len("busy a b a b a b "), got)
	})
}

func TestTheEarlierDeadlineGoesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), NoBatching: true, AgeStep: time.Hour}
		f := record(&cfg)
		s := start(t, cfg)
		now := newClock()
		busy(t, s, square(t, s, 4))
		for i, deadline := range []float64{0, 30, 20} {
			o := job.Options{Tenant: []string{"none", "late", "early"}[i]}
			if deadline > 0 {
				o.Deadline = now.after(deadline)
			}
			submit(t, s, newProbe(square(t, s, 5+i), o))
		}
		require.Equal(t, "busy early late none", order(f.decisions(t, s)))
	})
}
