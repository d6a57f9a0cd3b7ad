package loadtest

import "math"

// Search looks for the highest rate at which something holds: it doubles the
// rate until it does not hold any more, or halves it until it does, then
// narrows that down. It is pure: told the same it asks the same.
type Search struct {
	// Start is the rate that is tried first, Max the highest.
	Start, Max float64
	// Precision is how far apart, as a fraction, the best rate found and the
	// lowest that failed may be in the end. Default 0.05.
	Precision float64
	// Trials is how many rates are tried at most. Default 16.
	Trials int

	asked, good, bad float64 // 0 for none
	count            int
}

// Next returns the rate to try; more is false when there is none.
func (s *Search) Next() (rate float64, more bool) {
	set(&s.Precision, 0.05)
	set(&s.Trials, 16)
	switch {
	case s.count >= s.Trials || s.good > 0 && s.good >= s.Max:
		return 0, false
	case s.good == 0 && s.bad == 0:
		s.asked = s.Start
	case s.bad == 0:
		s.asked = min(2*s.good, s.Max)
	case s.good == 0 && s.bad < 2: // less than a job a second
		return 0, false
	case s.good == 0:
		s.asked = s.bad / 2
	case s.bad/s.good <= 1+s.Precision:
		return 0, false
	default:
		s.asked = math.Sqrt(s.good * s.bad)
	}
	s.count++
	return s.asked, true
}

// Tell says whether it held at the rate that Next returned.
func (s *Search) Tell(held bool) {
	switch {
	case held:
		s.good = max(s.good, s.asked)
	case s.bad == 0 || s.asked < s.bad:
		s.bad = s.asked
	}
}

// Best returns the highest rate at which it held, 0 for none.
func (s *Search) Best() float64 { return s.good }
