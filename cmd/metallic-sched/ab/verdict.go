package ab

// Verdict is what is known of a difference.
type Verdict string

// The verdicts. Faster and Slower are More and Less, or the reverse, in units
// of which it is known what is better.
const (
	Unsure Verdict = "cannot tell"
	Equal  Verdict = "equal" // differs by less than what matters
	Faster Verdict = "faster"
	Slower Verdict = "slower"
	More   Verdict = "more"
	Less   Verdict = "less"
)

// Different reports whether a difference was found.
func (v Verdict) Different() bool { return v != Unsure && v != Equal }

// differs names a difference in a unit: better is 1 where more is better, -1
// where less is, 0 where nobody knows.
func differs(more bool, better int) Verdict {
	switch {
	case better == 0 && more:
		return More
	case better == 0:
		return Less
	case more == (better > 0):
		return Faster
	}
	return Slower
}
