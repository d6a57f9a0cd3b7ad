package policy

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// QuarantineTuning says when a fingerprint is quarantined and for how long.
type QuarantineTuning struct {
	// Failures within Window, with no success in between, quarantine.
	Failures int
	Window   time.Duration
	// CoolOff is how long at first. It doubles each time that the fingerprint
	// fails again after it, up to MaxCoolOff.
	CoolOff, MaxCoolOff time.Duration
}

// DefaultQuarantineTuning returns 3 failures within 10 s; from 1 s to 1 min.
func DefaultQuarantineTuning() QuarantineTuning {
	return QuarantineTuning{Failures: 3, Window: 10 * time.Second, CoolOff: time.Second, MaxCoolOff: time.Minute}
}

// maxRecords bounds the fingerprints that are remembered; of more, those that
// failed longest ago are forgotten.
const maxRecords = 1024

// Quarantine remembers the fingerprints that failed lately and says which to
// refuse. It is a function of what it is told and of the clock it is given.
//
// All methods may be called from any goroutine. Nothing is quarantined by a
// nil Quarantine.
type Quarantine struct {
	tuning  QuarantineTuning
	known   atomic.Int64 // records
	held    atomic.Int64 // records of what was ever quarantined
	refused atomic.Int64

	mu      sync.Mutex
	records *simplelru.LRU[Fingerprint, *record]
	swept   time.Time
}

// NewQuarantine returns one that knows of no failure. The tuning is checked.
func NewQuarantine(tuning QuarantineTuning) *Quarantine {
	q := &Quarantine{tuning: tuning}
	lru, err := simplelru.NewLRU(maxRecords, q.forgotten)
	if err != nil {
		panic(err) // only for a size below 1
	}
	q.records = lru
	return q
}

func (q *Quarantine) forgotten(_ Fingerprint, r *record) {
	q.known.Add(-1)
	if r.times > 0 {
		q.held.Add(-1)
	}
}

// Watching reports whether anything failed lately, so that successes matter.
func (q *Quarantine) Watching() bool { return q != nil && q.known.Load() > 0 }

// Holding reports whether anything may be quarantined, so that Check matters.
func (q *Quarantine) Holding() bool { return q != nil && q.held.Load() > 0 }

// Check returns nil, or a *job.QuarantinedError for a job to be refused.
func (q *Quarantine) Check(f Fingerprint, now time.Time) error {
	if !q.Holding() {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(now)
	r, ok := q.records.Peek(f)
	if !ok || !r.holds(now) {
		return nil
	}
	q.refused.Add(1)
	return &job.QuarantinedError{Until: r.until, Failures: r.failures, Cause: r.cause}
}

// Failed tells of a job that failed alone, by its own fault.
func (q *Quarantine) Failed(f Fingerprint, now time.Time, cause error) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(now)
	r, ok := q.records.Get(f)
	if ok && r.stale(now, q.tuning) { // not swept yet
		q.records.Remove(f)
		ok = false
	}
	if !ok {
		r = &record{}
		q.records.Add(f, r)
		q.known.Add(1)
	}
	before := r.times
	r.fail(now, cause, q.tuning)
	if before == 0 && r.times > 0 {
		q.held.Add(1)
	}
}

// Succeeded tells of a job that was done: whatever its fingerprint did before
// is forgiven.
func (q *Quarantine) Succeeded(f Fingerprint, now time.Time) {
	if !q.Watching() {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(now)
	q.records.Remove(f)
}

// Forget forgives every fingerprint with a loaded operand, such as one whose
// contents were replaced.
func (q *Quarantine) Forget(operand uint64) {
	if !q.Watching() {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(func(f *Fingerprint, _ *record) bool { return f.Operand == operand })
}

func (q *Quarantine) remove(which func(*Fingerprint, *record) bool) {
	for _, f := range q.records.Keys() {
		if r, ok := q.records.Peek(f); ok && which(&f, r) {
			q.records.Remove(f)
		}
	}
}

// sweep forgets, once a second at most, what is too long ago to matter.
func (q *Quarantine) sweep(now time.Time) {
	if now.Sub(q.swept) < time.Second {
		return
	}
	q.swept = now
	q.remove(func(_ *Fingerprint, r *record) bool { return r.stale(now, q.tuning) })
}

// Held returns how many fingerprints are quarantined.
func (q *Quarantine) Held(now time.Time) (n int) {
	if !q.Holding() {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.records.Values() {
		if r.holds(now) {
			n++
		}
	}
	return n
}

// Refused returns how many jobs Check has refused.
func (q *Quarantine) Refused() int64 {
	if q == nil {
		return 0
	}
	return q.refused.Load()
}
