package loadtest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Summary is what a stage's records say, without the warm-up.
type Summary struct {
	StageEnd
	Measured   time.Duration // without warm-up and drain
	Throughput float64       // jobs done a second
	Achieved   float64       // jobs sent, of those that were due in time
	Outcomes   Outcomes
	Intended   Histogram
	Actual     Histogram
	Lag        Histogram
	Late       int64 // after the warm-up
	Counted    int64 // jobs sent after the warm-up
	WarmJobs   int64
	Stable     bool
	Kinds      []KindCount
	Tenants    []TenantCount
	Jain       float64 // of the part of what each tenant asked for that was done
	Batches    []BatchCount
	Problems   []string // that make the stage worthless
	Lagged     bool     // the generator's lag is among them; another try may not have it
	Warning    string   // what cannot be trusted, "" if all can
}

// Summaries returns the summary of every stage that ended.
func (r *Results) Summaries() []*Summary {
	var all []*Summary
	for i := range r.Stages {
		all = append(all, r.summary(i))
	}
	return all
}

func (r *Results) summary(stage int) *Summary {
	s := &Summary{StageEnd: *r.Stages[stage]}
	kinds, tenants, batches := map[string]*KindCount{}, map[string]*TenantCount{}, map[BatchCount]*BatchCount{}
	var stability steady
	var done int64
	for _, w := range r.windowsOf(stage) {
		s.WarmJobs += w.WarmJobs
		for i := range w.Kinds {
			s.addKind(kinds, &w.Kinds[i])
		}
		for i := range w.Tenants {
			addTenant(tenants, &w.Tenants[i])
		}
		if w.Warm {
			continue
		}
		s.Late += w.Late
		s.Counted += w.Sent
		s.Lag.Merge(&w.Lag)
		addBatches(batches, w.Batches)
		if !w.Drain {
			n, _ := w.doneAndLatency()
			done += n
			s.Measured += w.Length
			stability.add(w)
		}
	}
	s.Stable = stability.stable()
	if s.Measured > 0 {
		s.Throughput = float64(done) / s.Measured.Seconds()
	}
	s.Kinds, s.Tenants = inOrder(kinds, r.Info.Kinds), values(tenants)
	s.Batches = sortedBatches(batches)
	s.judge(&r.Info)
	return s
}

func (r *Results) windowsOf(stage int) []*Window {
	if stage < len(r.Windows) {
		return r.Windows[stage]
	}
	return nil
}

func (s *Summary) addKind(kinds map[string]*KindCount, k *KindCount) {
	s.Outcomes.add(k.Outcomes)
	s.Intended.Merge(&k.Intended)
	s.Actual.Merge(&k.Actual)
	into := kinds[k.Kind]
	if into == nil {
		into = &KindCount{Kind: k.Kind}
		kinds[k.Kind] = into
	}
	into.add(k.Outcomes)
	into.Intended.Merge(&k.Intended)
	into.Actual.Merge(&k.Actual)
}

func addTenant(tenants map[string]*TenantCount, t *TenantCount) {
	into := tenants[t.Tenant]
	if into == nil {
		into = &TenantCount{Tenant: t.Tenant}
		tenants[t.Tenant] = into
	}
	into.Jobs += t.Jobs
	into.Asked += t.Asked
	into.Served += t.Served
	into.Latency.Merge(&t.Latency)
}

func inOrder(kinds map[string]*KindCount, names []string) (out []KindCount) {
	for _, n := range names {
		if k := kinds[n]; k != nil {
			out = append(out, *k)
			delete(kinds, n) // two kinds may have one name
		}
	}
	return out
}

func values[V any](m map[string]*V) (out []V) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, *m[k])
	}
	return out
}

// judge finds what makes the stage worthless.
func (s *Summary) judge(info *RunInfo) {
	var shares []float64
	for _, t := range s.Tenants {
		share := t.Served
		if s.Callers == 0 && t.Asked > 0 {
			share = t.Served / t.Asked
		}
		shares = append(shares, share)
	}
	s.Jain = Jain(shares)
	s.Achieved = 1
	if s.Due > 0 && s.Callers == 0 {
		s.Achieved = float64(s.Sent) / float64(s.Due)
		if last := s.Last - info.Late; last > s.Length { // later than is allowed
			s.Achieved *= float64(s.Length) / float64(last)
		}
	}
	s.judgeLag(info)
	if s.UntilStable && !s.Stable {
		s.problem("the last %d windows of %v were not within %.0f %% of each other", steadyWindows, s.Length, 100*steadyWithin)
	}
	if s.Intended.Count() == 0 {
		s.problem("no job was done after the warm-up")
	}
}

func (s *Summary) problem(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
}

// Meets reports whether the stage meets an objective.
func (s *Summary) Meets(o *Objective) bool {
	return o == nil || o.met(&s.Intended, s.Outcomes.Lost())
}
