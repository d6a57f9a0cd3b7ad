package policy

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestNoQuarantine(t *testing.T) {
	var q *Quarantine
	now := time.Unix(0, 0)
	q.Failed(Fingerprint{}, now, errors.New("boom"))
	q.Succeeded(Fingerprint{}, now)
	q.Forget(0)
	require.NoError(t, q.Check(Fingerprint{}, now))
	require.False(t, q.Watching() || q.Holding())
	require.Zero(t, q.Held(now)+int(q.Refused()))
}

func TestQuarantineErrorSaysWhy(t *testing.T) {
	q, now, boom := NewQuarantine(DefaultQuarantineTuning()), time.Unix(1000, 0), errors.New("boom")
	for range 3 {
		q.Failed(Fingerprint{Tenant: "a"}, now, boom)
	}
	err := q.Check(Fingerprint{Tenant: "a"}, now)
	require.ErrorIs(t, err, job.ErrQuarantined)
	require.ErrorIs(t, err, boom)
	require.NotErrorIs(t, err, job.ErrFailed, "it was not run")
}

// Memory is bounded: of too many fingerprints the oldest are forgotten.
func TestQuarantineIsBounded(t *testing.T) {
	q, now := NewQuarantine(QuarantineTuning{Failures: 1, Window: time.Hour, CoolOff: time.Hour, MaxCoolOff: time.Hour}), time.Unix(1000, 0)
	for i := range uint64(3 * maxRecords) {
		q.Failed(Fingerprint{Operand: i}, now, nil)
	}
	require.Equal(t, maxRecords, q.records.Len())
	require.EqualValues(t, maxRecords, q.known.Load())
	require.EqualValues(t, maxRecords, q.held.Load())
	require.NoError(t, q.Check(Fingerprint{Operand: 0}, now))
	require.Error(t, q.Check(Fingerprint{Operand: 3*maxRecords - 1}, now))
	require.Equal(t, maxRecords, q.Held(now))
	for _, f := range q.records.Keys() {
		q.Succeeded(f, now)
	}
	require.False(t, q.Watching() || q.Holding())
}

// dumbWard is the dumb twin of a Quarantine: every event of a fingerprint.
type dumbWard struct {
	failures []time.Time
	times    int
	coolOff  time.Duration
	until    time.Time
}

func (w *dumbWard) fail(now time.Time, tuning QuarantineTuning) {
	if n := len(w.failures); n > 0 && now.Sub(w.failures[n-1]) > tuning.Window+w.coolOff && now.Sub(w.until) > tuning.Window+w.coolOff {
		*w = dumbWard{} // too long ago
	}
	w.failures = append(w.failures, now)
	n, within := len(w.failures), 0
	for _, at := range w.failures[max(0, n-tuning.Failures):] {
		if now.Sub(at) <= tuning.Window {
			within++
		}
	}
	if w.times == 0 && within < tuning.Failures || now.Before(w.until) {
		return
	}
	d := tuning.CoolOff
	for range w.times {
		d = min(2*d, tuning.MaxCoolOff)
	}
	w.until, w.times, w.coolOff = now.Add(d), w.times+1, d
}

func TestQuarantineAgainstADumbOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.Int64Range(1, 10)
		tuning := QuarantineTuning{
			Failures: rapid.IntRange(1, 4).Draw(t, "failures"),
			Window:   time.Duration(second.Draw(t, "window")) * time.Second,
			CoolOff:  time.Duration(second.Draw(t, "cool-off")) * time.Second,
		}
		tuning.MaxCoolOff = tuning.CoolOff * time.Duration(second.Draw(t, "most"))
		q, now := NewQuarantine(tuning), time.Unix(1000, 0)
		twins := map[uint64]*dumbWard{0: {}, 1: {}, 2: {}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(tuning.Window)/2).Draw(t, "later")))
			id := rapid.Uint64Range(0, 2).Draw(t, "fingerprint")
			f, twin := Fingerprint{Operand: id}, twins[id]
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				q.Succeeded(f, now)
				*twin = dumbWard{}
			default:
				q.Failed(f, now, nil)
				twin.fail(now, tuning)
			}
			held := 0
			for id, twin := range twins {
				refused := now.Before(twin.until)
				require.Equal(t, refused, q.Check(Fingerprint{Operand: id}, now) != nil)
				if refused {
					held++
				}
			}
			require.Equal(t, held, q.Held(now))
			require.LessOrEqual(t, q.held.Load(), q.known.Load())
		}
	})
}

// The hot path neither locks nor allocates while nothing failed.
func TestQuarantineCostsNothing(t *testing.T) {
	q, now := NewQuarantine(DefaultQuarantineTuning()), time.Unix(1000, 0)
	q.mu.Lock() // whoever asked for it would wait for ever
	defer q.mu.Unlock()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if q.Holding() || q.Watching() || q.Check(Fingerprint{}, now) != nil {
			t.Error("something is held")
		}
		q.Succeeded(Fingerprint{}, now)
		q.Forget(1)
	}))
}

func TestQuarantineFromManyGoroutines(t *testing.T) {
	q, now := NewQuarantine(DefaultQuarantineTuning()), time.Unix(1000, 0)
	var all sync.WaitGroup
	for g := range uint64(8) {
		all.Go(func() {
			for i := range 1000 {
				f, at := Fingerprint{Operand: g % 3}, now.Add(time.Duration(i)*10*time.Millisecond)
				q.Failed(f, at, nil)
				_ = q.Check(f, at)
				if i%7 == 0 {
					q.Succeeded(f, at)
				}
				q.Held(at)
			}
		})
	}
	all.Wait()
	for id := range uint64(3) {
		q.Forget(id)
	}
	require.False(t, q.Watching() || q.Holding())
}
