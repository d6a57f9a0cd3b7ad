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
	// TenantUsed is the virtual time of the tenant that is first in each class:
	// the bucket's least served.
	TenantUsed [job.Classes]Virtual
	// Served is when that tenant's last batch was formed or, better, ended; zero
	// for never. A tenant that is ahead of others ages from then on.
	Served [job.Classes]time.Time
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
// Waiting counts in full for the tenant that used the device least. For one
// that used more it counts from when it was last served: a long queue is no
// priority over those who ask for little.
//
// No candidate starves: one that has waited AgeStep*job.Classes longer than
// every job of the others, and whose tenant was not served meanwhile, is
// picked before them; and a tenant that is not served is soon the one that
// used the device least.
func Pick(now time.Time, cands []Candidate, tuning PickTuning) (index int, reason string) {
	if len(cands) == 1 && cands[0].waits() {
		return 0, PickOnly
	}
	index = -1
	least, _ := Least(cands)
	var best standing
	for i := range cands {
		s := stand(now, &cands[i], least, tuning)
		if s.waits && (index < 0 || decide(best, s) > 0) {
			index, best = i, s
		}
	}
	return index, reasonFor(now, cands, least, tuning, index, best)
}

// Least returns the least virtual time of those that wait; false for none.
func Least(cands []Candidate) (least Virtual, ok bool) {
	for i := range cands {
		c := &cands[i]
		for class := range c.Oldest {
			if !c.Oldest[class].IsZero() && (!ok || c.TenantUsed[class] < least) {
				least, ok = c.TenantUsed[class], true
			}
		}
	}
	return least, ok
}

// Class returns the class that a candidate stands by among the others: the one
// to be served first.
func Class(now time.Time, cands []Candidate, index int, tuning PickTuning) int {
	c := &cands[index]
	last, classes := 0, 0
	for class := range c.Oldest {
		if !c.Oldest[class].IsZero() {
			last, classes = class, classes+1
		}
	}
	if classes <= 1 {
		return last
	}
	least, _ := Least(cands)
	return stand(now, c, least, tuning).class
}

// reasonFor names the last criterion that was needed to tell best from any
// other candidate.
func reasonFor(now time.Time, cands []Candidate, least Virtual, tuning PickTuning, index int, best standing) string {
	if index < 0 {
		return PickNone
	}
	needed := 0
	for i := range cands {
		s := stand(now, &cands[i], least, tuning)
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
	class    int     // that it stands by: of the highest level, then of the tenant that used less
	level    int64   // class plus AgeSteps waited
	used     Virtual // of that class's tenant
	deadline time.Time
	age      time.Duration // of its oldest job
	jobs     int
	time     time.Duration
}

// demand is what decides between equals.
func (s *standing) demand() float64 {
	return float64(max(s.jobs, 1)) * float64(s.age) / float64(max(s.time, 1))
}

func stand(now time.Time, c *Candidate, least Virtual, tuning PickTuning) standing {
	s := standing{deadline: c.Deadline, jobs: c.Jobs, time: c.Time}
	for class, oldest := range c.Oldest {
		if oldest.IsZero() {
			continue
		}
		if level := c.level(class, now, least, tuning); !s.waits || c.leads(class, level, &s) {
			s.class, s.level, s.used = class, level, c.TenantUsed[class]
		}
		s.age, s.waits = max(s.age, now.Sub(oldest)), true
	}
	return s
}

// leads reports whether a class comes before the one that s stands by so far.
func (c *Candidate) leads(class int, level int64, s *standing) bool {
	switch used := c.TenantUsed[class]; {
	case level != s.level:
		return level > s.level
	case used != s.used:
		return used < s.used
	}
	return c.Oldest[class].Before(c.Oldest[s.class])
}

// level returns how high a class of the candidate stands.
func (c *Candidate) level(class int, now time.Time, least Virtual, tuning PickTuning) int64 {
	if tuning.AgeStep <= 0 {
		return int64(class)
	}
	since := c.Oldest[class]
	if c.TenantUsed[class] > least && c.Served[class].After(since) {
		since = c.Served[class]
	}
	return int64(class) + int64(max(now.Sub(since), 0)/tuning.AgeStep)
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
