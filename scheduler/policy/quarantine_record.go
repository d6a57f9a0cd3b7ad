package policy

import "time"

// record is what is known of a fingerprint that failed since it last
// succeeded.
type record struct {
	recent   []time.Time // the last failures, oldest first, at most tuning.Failures
	failures int         // all of them
	times    int         // how often it was quarantined
	until    time.Time   // of the last time
	cause    error       // of the last failure
}

// holds reports whether the fingerprint is quarantined.
func (r *record) holds(now time.Time) bool { return r.times > 0 && now.Before(r.until) }

// fail adds a failure. Once quarantined, a single one is enough to be again;
// those of jobs that were accepted before do not count.
func (r *record) fail(now time.Time, cause error, tuning QuarantineTuning) {
	if r.recent = append(r.recent, now); len(r.recent) > tuning.Failures {
		r.recent = append(r.recent[:0], r.recent[1:]...)
	}
	r.failures, r.cause = r.failures+1, cause
	enough := len(r.recent) == tuning.Failures && now.Sub(r.recent[0]) <= tuning.Window
	if enough && r.times == 0 || r.times > 0 && !r.holds(now) {
		r.until = now.Add(tuning.coolOff(r.times))
		r.times++
	}
}

// coolOff returns how long a fingerprint is quarantined that was so before a
// number of times.
func (t QuarantineTuning) coolOff(times int) time.Duration {
	d := t.CoolOff
	for ; times > 0 && d <= t.MaxCoolOff/2; times-- {
		d *= 2
	}
	if times > 0 { // doubled once more it would be too long
		return t.MaxCoolOff
	}
	return d
}

// stale reports whether the record no longer matters: nothing has failed for
// the window or, after a quarantine, for as long as that lasted besides.
func (r *record) stale(now time.Time, tuning QuarantineTuning) bool {
	last, again := r.recent[len(r.recent)-1], time.Duration(0)
	if r.times > 0 {
		again = tuning.coolOff(r.times - 1)
		if r.until.After(last) {
			last = r.until
		}
	}
	return now.Sub(last)-tuning.Window > again
}
