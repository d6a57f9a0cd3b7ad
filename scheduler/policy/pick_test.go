package policy

import (
	"math"
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
		c := Candidate{}
		for class := range c.Oldest {
			if rapid.Bool().Draw(t, "has class") {
				c.Oldest[class] = now.Add(-time.Duration(some.Draw(t, "age")) * 60 * time.Millisecond)
				c.TenantUsed[class] = Virtual(some.Draw(t, "used"))
			}
			if rapid.Bool().Draw(t, "was served") {
				c.Served[class] = now.Add(-time.Duration(some.Draw(t, "since")) * 60 * time.Millisecond)
			}
		}
		if d := some.Draw(t, "deadline"); d > 0 {
			c.Deadline = now.Add(time.Duration(d))
		}
		return c
	}), 0, 8).Draw(t, "candidates")
}

// leastOf is the least virtual time of all classes that wait.
func leastOf(cands []Candidate) Virtual {
	least := Virtual(math.Inf(1))
	for _, c := range cands {
		for class, oldest := range c.Oldest {
			if !oldest.IsZero() {
				least = min(least, c.TenantUsed[class])
			}
		}
	}
	return least
}

// rank states the order as a list of numbers, the smallest first: level, then
// virtual time, of the class that ranks first; deadline; age.
func rank(now time.Time, c Candidate, least Virtual, tuning PickTuning) (r [4]int64) {
	age := time.Duration(-1)
	for class, oldest := range c.Oldest {
		if oldest.IsZero() {
			continue
		}
		waited := now.Sub(oldest)
		counts := waited
		if c.TenantUsed[class] > least && !c.Served[class].IsZero() {
			counts = min(counts, now.Sub(c.Served[class]))
		}
		level, used := -int64(class)-int64(counts/tuning.AgeStep), int64(c.TenantUsed[class])
		if age < 0 || level < r[0] || level == r[0] && used < r[1] {
			r[0], r[1] = level, used
		}
		age = max(age, waited)
	}
	if age < 0 {
		return [4]int64{1}
	}
	r[2], r[3] = int64(1)<<62, -int64(age)
	if !c.Deadline.IsZero() {
		r[2] = c.Deadline.UnixNano()
	}
	return r
}

func TestPickAgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cands, tuning := drawCandidates(t, start), DefaultPickTuning()
		least := leastOf(cands)
		order := make([]int, 0, len(cands))
		for i := range cands {
			if rank(start, cands[i], least, tuning)[0] <= 0 {
				order = append(order, i)
			}
		}
		sort.SliceStable(order, func(i, j int) bool {
			a, b := rank(start, cands[order[i]], least, tuning), rank(start, cands[order[j]], least, tuning)
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
	least := leastOf(cands)
	a, b := rank(start, cands[order[0]], least, tuning), rank(start, cands[order[1]], least, tuning)
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
		patient := Candidate{}
		patient.TenantUsed[job.Low.Class()] = Virtual(time.Hour)
		patient.Oldest[job.Low.Class()] = oldest.Add(-job.Classes * tuning.AgeStep)
		at := rapid.IntRange(0, len(cands)).Draw(t, "at")
		cands = append(cands[:at:at], append([]Candidate{patient}, cands[at:]...)...)
		got, _ := Pick(start, cands, tuning)
		require.Equal(t, at, got)
	})
}

// TestClass: the class that a candidate stands by is the one that would be
// picked if each were a candidate of its own.
func TestClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cands, tuning := drawCandidates(t, start), DefaultPickTuning()
		for i, c := range cands {
			if !c.waits() {
				continue
			}
			apart := make([]Candidate, job.Classes)
			for class := range apart {
				apart[class].Oldest[class] = c.Oldest[class]
				apart[class].TenantUsed[class], apart[class].Served[class] = c.TenantUsed[class], c.Served[class]
			}
			bystanders := append(apart, cands...)
			got := Class(start, bystanders, job.Classes+i, tuning)
			least := leastOf(cands)
			for class := range apart {
				a, b := rank(start, apart[got], least, tuning), rank(start, apart[class], least, tuning)
				require.False(t, b[0] < a[0] || b[0] == a[0] && (b[1] < a[1] || b[1] == a[1] && b[3] < a[3]), "%d before %d", class, got)
			}
		}
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
		cands[i].TenantUsed[i%job.Classes] = Virtual(i % 7)
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
