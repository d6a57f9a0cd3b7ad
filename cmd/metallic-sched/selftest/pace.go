package selftest

import (
	"fmt"
	"time"
)

// pace says how long to measure.
type pace struct {
	budget   time.Duration // for one problem
	patience time.Duration // longest run that is still worth it
}

func paceOf(quick bool) pace {
	if quick {
		return pace{budget: 4 * time.Millisecond, patience: 100 * time.Millisecond}
	}
	return pace{budget: 60 * time.Millisecond, patience: 2 * time.Second}
}

const mostRuns = 25

// measure runs something until it is known how long it takes: once to warm up,
// then at least three times; something slow only once.
func (p pace) measure(run func() (time.Duration, error)) (times []time.Duration, err error) {
	first, err := run()
	if err != nil || first > p.patience/4 {
		return []time.Duration{first}, err
	}
	for spent := time.Duration(0); len(times) < 3 || (spent < p.budget && len(times) < mostRuns); {
		t, err := run()
		if err != nil {
			return times, err
		}
		spent += max(t, p.budget/mostRuns) // a clock may stand still
		times = append(times, t)
	}
	return times, nil
}

// tooSlow predicts from fewer columns whether more would take too long, and
// says so.
func (p pace) tooSlow(last Rate, n int) string {
	if last.N == 0 {
		return ""
	}
	if t := last.Time * time.Duration(n) / time.Duration(last.N); t > p.patience {
		return fmt.Sprintf("slow: about %v are expected", t.Round(time.Millisecond))
	}
	return ""
}
