package loadtest

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// tally counts what happens until it is taken away. All methods may be called
// from any goroutine.
type tally struct {
	mu      sync.Mutex
	sent    int64
	late    int64
	warm    int64
	lag     Histogram
	kinds   []KindCount
	tenants map[string]*TenantCount
	latency time.Duration // sum of the intended
	// cumulative, for whoever shows progress
	ended, lost int64
}

func newTally(kinds []Kind) *tally {
	t := &tally{tenants: map[string]*TenantCount{}}
	t.kinds = make([]KindCount, len(kinds))
	for i := range kinds {
		t.kinds[i].Kind = kinds[i].Name
	}
	return t
}

// send counts a job that was sent, lag after it was due.
func (t *tally) send(lag, late time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	t.lag.Record(lag)
	if lag > late {
		t.late++
	}
}

// warmed counts the end of a job of the warm-up.
func (t *tally) warmed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.warm++
}

// end counts a job that ended.
func (t *tally) end(kind int, tenant string, work float64, o Outcomes, intended, actual time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, u := &t.kinds[kind], t.tenants[tenant]
	if u == nil {
		u = &TenantCount{Tenant: tenant}
		t.tenants[tenant] = u
	}
	k.add(o)
	t.ended++
	t.lost += o.Lost()
	u.Jobs++
	if o.Cancelled+o.Malformed == 0 { // those were not meant to be served
		u.Asked += work
	}
	if o.Done == 0 {
		return
	}
	u.Served += work
	k.Intended.Record(intended)
	k.Actual.Record(actual)
	u.Latency.Record(intended)
	t.latency += intended
}

// take returns what was counted since the last time, without times.
func (t *tally) take() *Window {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &Window{Sent: t.sent, Late: t.late, Lag: t.lag, WarmJobs: t.warm}
	for i := range t.kinds {
		if k := &t.kinds[i]; k.Outcomes != (Outcomes{}) {
			w.Kinds = append(w.Kinds, *k)
			*k = KindCount{Kind: k.Kind}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.tenants)) {
		w.Tenants = append(w.Tenants, *t.tenants[name])
	}
	t.sent, t.late, t.warm, t.latency, t.lag = 0, 0, 0, 0, Histogram{}
	clear(t.tenants)
	return w
}

func (t *tally) progress() (ended, lost int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended, t.lost
}
