package ab

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// simulation is a contest of made-up runs of a second each.
type simulation struct {
	changes []float64 // of b against a, of each row
	runs    int       // 0: as many as are needed
	// order and peek break the method, to see that the tests notice.
	order func(pair int) Side
	peek  func(*Contest) // before it may look
}

// limit is how long simulated contests may take.
const limit = 2 * time.Minute

// run returns what a contest on a machine finds.
func (s simulation) run(m machine, seed uint64) *Report {
	r, now := rand.New(rand.NewPCG(seed, 1)), time.Time{}
	c := New(Config{Alpha: 0.05, Least: 0.02, Runs: s.runs, For: limit, Seed: seed, Now: func() time.Time { return now }})
	c.plan = plan{alpha: c.Alpha, rows: judged(len(s.changes))}
	c.pairs = make([]pairs, len(s.changes))
	now = now.Add(2 * time.Second) // the pair that does not count
	for runs := 0; ; {
		first := c.order.next()
		if s.order != nil {
			first = s.order(c.report.Pairs)
		}
		for _, side := range []Side{first, first.other()} {
			all := m.next(r, runs)
			for i, change := range s.changes {
				x := math.Exp(all + m.own*r.NormFloat64())
				if side == A {
					c.pairs[i].a = append(c.pairs[i].a, x)
				} else {
					c.pairs[i].b = append(c.pairs[i].b, x*(1+change))
				}
			}
			runs++
			now = now.Add(time.Second)
		}
		c.report.Pairs++
		if s.peek != nil {
			s.peek(c)
		}
		if c.look() {
			return &c.report
		}
	}
}

// rates returns how often a report is one of a kind, of so many contests on
// each machine.
func (s simulation) rates(contests int, is func(*Report) bool) map[string]float64 {
	out := map[string]float64{}
	for i := range machines() {
		n := 0
		for j := range contests {
			m := machines()[i] // they have memory
			if is(s.run(m, uint64(i*contests+j+1))) {
				n++
			}
		}
		out[machines()[i].name] = float64(n) / float64(contests)
	}
	return out
}

const simulated = 400 // contests on each machine

// some reports whether any of the first n rows has a verdict of a kind.
func some(n int, is func(Verdict) bool) func(*Report) bool {
	return func(r *Report) bool {
		for i := range n {
			if is(r.Rows[i].Verdict) {
				return true
			}
		}
		return false
	}
}

func isEqual(v Verdict) bool { return v == Equal }

// TestSameIsSeldomDifferent: sides that are the same are found to differ with
// a chance of at most alpha, on any machine, however often one looks, however
// many rows there are, and if others do differ.
func TestSameIsSeldomDifferent(t *testing.T) {
	for name, s := range map[string]simulation{
		"one row":   {changes: make([]float64, 1)},
		"five rows": {changes: make([]float64, 5)},
		"some":      {changes: []float64{0, 0, 0, 0.1, -0.2, 0.5}},
	} {
		same := 0
		for same < len(s.changes) && s.changes[same] == 0 {
			same++
		}
		for machine, rate := range s.rates(simulated/len(s.changes), some(same, Verdict.Different)) {
			require.LessOrEqual(t, rate, 0.05, "%s, %s", name, machine)
		}
	}
}

// TestDifferentIsSeldomEqual: what differs by just as much as matters is found
// equal with a chance of at most alpha.
func TestDifferentIsSeldomEqual(t *testing.T) {
	for _, changes := range [][]float64{{0.02}, {0.02, 0.02, -0.0197, 0.02}} { // 1/1.02 is 1-0.0197
		for machine, rate := range (simulation{changes: changes}).rates(simulated/len(changes), some(len(changes), isEqual)) {
			require.LessOrEqual(t, rate, 0.05, "%v, %s", changes, machine)
		}
	}
}

// TestFound: what there is to be found is found within the time on all
// machines but one that nothing can be told on, where that is said.
func TestFound(t *testing.T) {
	more := some(1, func(v Verdict) bool { return v == More })
	for machine, rate := range (simulation{changes: []float64{0.05}}).rates(simulated, more) {
		if machine != "alternating" {
			require.GreaterOrEqual(t, rate, 0.99, machine)
		}
	}
	for machine, rate := range (simulation{changes: []float64{0}}).rates(simulated, some(1, isEqual)) {
		if machine == "alternating" {
			require.Zero(t, rate)
		} else {
			require.GreaterOrEqual(t, rate, 0.95, machine)
		}
	}
}

// TestMistakesShow: the tests above would notice what people do wrong.
func TestMistakesShow(t *testing.T) {
	same := []float64{0}
	peeking := simulation{changes: same, peek: func(c *Contest) {
		c.plan.next, c.plan.spent = 0, c.Alpha*(c.passed()-1) // all of alpha, at each pair
	}}
	rates := peeking.rates(simulated, some(1, Verdict.Different))
	require.Greater(t, rates["alternating"], 0.1, "elsewhere sides are found equal before")

	ordered := simulation{changes: same, order: func(int) Side { return A }}
	rates = ordered.rates(simulated, some(1, Verdict.Different))
	require.Greater(t, rates["alternating"], 0.9)
}
