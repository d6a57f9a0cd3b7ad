package loadtest

import (
	"errors"
	"fmt"
)

// Verdict returns why a run cannot be trusted or has failed, or nil. In a
// search stages may fail: that is how its end is found.
func (r *Results) Verdict() error {
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("loadtest: "+format, args...))
	}
	e := r.End
	if e == nil {
		return errors.New("loadtest: the records end before the run did")
	}
	if e.Interrupted {
		fail("interrupted: what was measured is not all that was asked for")
	}
	if e.Wrong > 0 {
		fail("%d wrong results, first %s", e.Wrong, e.WrongFirst)
	}
	if e.AuditWrong != "" {
		fail("audit: %s", e.AuditWrong)
	}
	if e.FailedFirst != "" {
		fail("jobs failed, first %s", e.FailedFirst)
	}
	if r.Info.Loop == LoopSearch {
		if r.Best() == nil {
			fail("no rate that was tried meets %s", r.Info.Objective)
		}
		return errors.Join(errs...)
	}
	o, _ := ParseObjective(r.Info.Objective)
	for _, s := range r.Summaries() {
		for _, p := range s.Problems {
			fail("stage %s: %s", s.Name, p)
		}
		if !s.Meets(o) {
			fail("stage %s: p%g is %v; allowed: %v%s", s.Name, 100*o.Quantile, s.Intended.Quantile(o.Quantile), o.Latency, lostToo(s))
		}
	}
	return errors.Join(errs...)
}

// Warnings returns what cannot be trusted of a run that is good otherwise; of a
// search, of its best stage.
func (r *Results) Warnings() (all []string) {
	stages := r.Summaries()
	if r.Info.Loop == LoopSearch {
		stages = nil
		if b := r.Best(); b != nil {
			stages = append(stages, b)
		}
	}
	for _, s := range stages {
		if s.Warning != "" {
			all = append(all, "stage "+s.Name+": "+s.Warning)
		}
	}
	return all
}

func lostToo(s *Summary) string {
	if n := s.Outcomes.Lost(); n > 0 {
		return fmt.Sprintf(", and %d jobs lost", n)
	}
	return ""
}

// The loops of a run.
const (
	LoopOpen   = "open"
	LoopClosed = "closed"
	LoopTrace  = "trace"
	LoopSearch = "search"
)

// Best returns the stage with the highest rate that meets the objective and
// has no problems, or nil.
func (r *Results) Best() (best *Summary) {
	o, _ := ParseObjective(r.Info.Objective)
	for _, s := range r.Summaries() {
		if len(s.Problems) == 0 && s.Meets(o) && (best == nil || s.Rate > best.Rate) {
			best = s
		}
	}
	return best
}

// Limit returns the stage with the lowest rate above Best's that failed, or
// nil: what kept a search from going higher. If it has Problems the generator
// was the limit, not the latency.
func (r *Results) Limit() (limit *Summary) {
	best := 0.0
	if b := r.Best(); b != nil {
		best = b.Rate
	}
	for _, s := range r.Summaries() {
		if s.Rate > best && (limit == nil || s.Rate < limit.Rate) {
			limit = s
		}
	}
	return limit
}
