package policy

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Candidate is what the picker sees of an open bucket.
type Candidate struct {
	// Oldest is when the longest-waiting job of each class arrived, by
	// job.Priority.Class; zero for a class without jobs. A candidate without
	// any jobs is never picked.
	Oldest [job.Classes]time.Time
	// TenantUsed is the device time charged so far to the bucket's least
	// served tenant.
	TenantUsed time.Duration
	// Deadline is the earliest of the bucket's jobs; zero for none.
	Deadline time.Time
	// Jobs is how many jobs wait for the same reading of an operand, and Time
	// what that is predicted to take. Where they are not known, 0, every
	// candidate counts for the same.
	Jobs int
	Time time.Duration
}

func (c *Candidate) waits() bool {
	for i := range c.Oldest {
		if !c.Oldest[i].IsZero() {
			return true
		}
	}
	return false
}

// PickTuning adjusts [Pick].
type PickTuning struct {
	// AgeStep is the waiting time that is worth one class of priority. 0 turns
	// ageing off, so that low work may starve.
	AgeStep time.Duration
}

// DefaultPickTuning returns an AgeStep of 100 ms: many batches long, so that
// classes mean something, and short enough for a person not to notice.
func DefaultPickTuning() PickTuning { return PickTuning{AgeStep: 100 * time.Millisecond} }

// Why a candidate was picked: what set it apart from the candidate that came
// closest.
const (
	PickNone     = "nothing waits"
	PickOnly     = "only candidate"
	PickPriority = "priority with ageing"
	PickFairness = "tenant with less device time"
	PickDeadline = "earlier deadline"
	PickDemand   = "more waiting for its time"
	PickAge      = "waited longer"
	PickOrder    = "first of equals"
)

// Pick chooses the bucket that runs next, -1 when none has jobs: by priority
// with ageing, then the tenant that used the device less, then the earlier
// deadline, then demand. It is pure, O(n) and does not allocate.
//
// Demand is jobs waiting x longest wait / device time: one reading of an
// operand answers all who wait for it, as one broadcast of a page does, and
// this is the RxW rule of D. Aksoy and M. Franklin, "Scheduling for large-scale
// on-demand data broadcasting" (INFOCOM 1998), by time. What few wait for, or
// takes long, gathers company while others go first, but not for ever.
//
// No candidate starves: one that has waited AgeStep*job.Classes longer than
// every job of the others is picked before them.
func Pick(now time.Time, cands []Candidate, tuning PickTuning) (index int, reason string) {
	if len(cands) == 1 && cands[0].waits() {
		return 0, PickOnly
	}
	index = -1
	var best standing
	for i := range cands {
		s := stand(now, &cands[i], tuning)
		if s.waits && (index < 0 || decide(best, s) > 0) {
			index, best = i, s
		}
	}
	return index, reasonFor(now, cands, tuning, index, best)
}

// reasonFor names the last criterion that was needed to tell best from any
// other candidate.
func reasonFor(now time.Time, cands []Candidate, tuning PickTuning, index int, best standing) string {
	if index < 0 {
		return PickNone
	}
	needed := 0
	for i := range cands {
		s := stand(now, &cands[i], tuning)
		if i == index || !s.waits {
			continue
		}
		d := decide(best, s)
		if d == 0 {
			return PickOrder
		}
		needed = max(needed, -d)
	}
	return [...]string{PickOnly, PickPriority, PickFairness, PickDeadline, PickAge, PickDemand}[needed]
}

// The criteria, in order.
const (
	criterionPriority = iota + 1
	criterionFairness
	criterionDeadline
	criterionAge
	criterionDemand
)

// standing is a candidate's place in the order at one time.
type standing struct {
	waits    bool
	level    int64 // class plus AgeSteps waited, of its best job
	used     time.Duration
	deadline time.Time
	age      time.Duration // of its oldest job
	jobs     int
	time     time.Duration
}

// demand is what decides between equals.
func (s *standing) demand() float64 {
	return float64(max(s.jobs, 1)) * float64(s.age) / float64(max(s.time, 1))
}

func stand(now time.Time, c *Candidate, tuning PickTuning) standing {
	s := standing{used: c.TenantUsed, deadline: c.Deadline, jobs: c.Jobs, time: c.Time}
	for class, oldest := range c.Oldest {
		if oldest.IsZero() {
			continue
		}
		age := max(now.Sub(oldest), 0)
		level := int64(class)
		if tuning.AgeStep > 0 {
			level += int64(age / tuning.AgeStep)
		}
		s.level, s.age, s.waits = max(s.level, level), max(s.age, age), true
	}
	return s
}

// decide compares two standings. The result's size is the criterion that told
// them apart; it is negative when a comes first, 0 when nothing does.
func decide(a, b standing) int {
	switch {
	case a.level != b.level:
		return signed(criterionPriority, a.level > b.level)
	case a.used != b.used:
		return signed(criterionFairness, a.used < b.used)
	case !a.deadline.Equal(b.deadline):
		return signed(criterionDeadline, !a.deadline.IsZero() && (b.deadline.IsZero() || a.deadline.Before(b.deadline)))
	case a.jobs == b.jobs && a.time == b.time:
		if a.age != b.age {
			return signed(criterionAge, a.age > b.age)
		}
	case a.demand() != b.demand():
		return signed(criterionDemand, a.demand() > b.demand())
	}
	return 0
}

func signed(criterion int, aFirst bool) int {
	if aFirst {
		return -criterion
	}
	return criterion
}
