package policy

import (
	"sort"
	"testing"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawCandidates draws from few distinct values, so that ties are common.
func drawCandidates(t *rapid.T, now time.Time) []Candidate {
	some := rapid.IntRange(0, 4)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Candidate {
		c := Candidate{TenantUsed: time.Duration(some.Draw(t, "used"))}
		for class := range c.Oldest {
			if rapid.Bool().Draw(t, "has class") {
				c.Oldest[class] = now.Add(-time.Duration(some.Draw(t, "age")) * 60 * time.Millisecond)
			}
		}
		if d := some.Draw(t, "deadline"); d > 0 {
			c.Deadline = now.Add(time.Duration(d))
		}
		return c
	}), 0, 8).Draw(t, "candidates")
}

// rank states the order as a list of numbers, the smallest first.
func rank(now time.Time, c Candidate, tuning PickTuning) (r [4]int64) {
	age := time.Duration(-1)
	for class, oldest := range c.Oldest {
		if !oldest.IsZero() {
			waited := now.Sub(oldest)
			r[0] = min(r[0], -int64(class)-int64(waited/tuning.AgeStep))
			age = max(age, waited)
		}
	}
	if age < 0 {
		return [4]int64{1}
	}
	r[1], r[3] = int64(c.TenantUsed), -int64(age)
	r[2] = int64(1) << 62
	if !c.Deadline.IsZero() {
		r[2] = c.Deadline.UnixNano()
	}
	return r
}

func TestPickAgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cands, tuning := drawCandidates(t, start), DefaultPickTuning()
		order := make([]int, 0, len(cands))
		for i := range cands {
			if rank(start, cands[i], tuning)[0] <= 0 {
				order = append(order, i)
			}
		}
		sort.SliceStable(order, func(i, j int) bool {
			a, b := rank(start, cands[order[i]], tuning), rank(start, cands[order[j]], tuning)
			for k := range a {
				if a[k] != b[k] {
					return a[k] < b[k]
				}
			}
			return false
		})
		got, reason := Pick(start, cands, tuning)
		if len(order) == 0 {
			require.Equal(t, -1, got)
			require.Equal(t, PickNone, reason)
			return
		}
		require.Equal(t, order[0], got)
		require.Equal(t, expectedReason(cands, order, tuning), reason)
	})
}

// expectedReason is what sets the first of the order apart from the second.
func expectedReason(cands []Candidate, order []int, tuning PickTuning) string {
	if len(order) == 1 {
		return PickOnly
	}
	a, b := rank(start, cands[order[0]], tuning), rank(start, cands[order[1]], tuning)
	for k, reason := range []string{PickPriority, PickFairness, PickDeadline, PickAge} {
		if a[k] != b[k] {
			return reason
		}
	}
	return PickOrder
}

func TestNoCandidateStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tuning := PickTuning{AgeStep: time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "age step"))}
		oldest := start
		cands := drawCandidates(t, start)
		for _, c := range cands {
			for _, at := range c.Oldest {
				if !at.IsZero() && at.Before(oldest) {
					oldest = at
				}
			}
		}
		patient := Candidate{TenantUsed: time.Hour}
		patient.Oldest[job.Low.Class()] = oldest.Add(-job.Classes * tuning.AgeStep)
		at := rapid.IntRange(0, len(cands)).Draw(t, "at")
		cands = append(cands[:at:at], append([]Candidate{patient}, cands[at:]...)...)
		got, _ := Pick(start, cands, tuning)
		require.Equal(t, at, got)
	})
}

func TestPickDoesNotAllocate(t *testing.T) {
	cands := crowd()
	require.Zero(t, testing.AllocsPerRun(10, func() { Pick(start, cands, DefaultPickTuning()) }))
}

func crowd() []Candidate {
	cands := make([]Candidate, 200)
	for i := range cands {
		cands[i].Oldest[i%job.Classes] = start.Add(-time.Duration(i) * time.Millisecond)
		cands[i].TenantUsed = time.Duration(i%7) * time.Second
	}
	return cands
}

func BenchmarkPick200(b *testing.B) {
	cands := crowd()
	b.ReportAllocs()
	for b.Loop() {
		Pick(start, cands, DefaultPickTuning())
	}
}
