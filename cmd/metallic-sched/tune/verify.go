package tune

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// change is a threshold that is not the default any more.
type change struct {
	variable     string
	usual, tried int
	field        func(*settings) *int
}

// nearer returns the change that goes half as far, by the points that were
// measured; false if there is none.
func (t *Tuner) nearer(c change) (change, bool) {
	for i := range t.profile.Crossovers {
		x := &t.profile.Crossovers[i]
		if x.Variable != c.variable {
			continue
		}
		var between []int
		for _, g := range x.Points {
			if g.X > min(c.usual, c.tried) && g.X < max(c.usual, c.tried) {
				between = append(between, g.X)
			}
		}
		if len(between) > 0 {
			c.tried = between[len(between)/2]
			return c, true
		}
	}
	return c, false
}

func (t *Tuner) changes() (list []change) {
	usual, found := defaults(), t.found
	for _, c := range []change{
		{variable: profile.VarSIMDMMin, field: func(s *settings) *int { return &s.SIMDMMin }},
		{variable: profile.VarSIMDNMin, field: func(s *settings) *int { return &s.SIMDNMin }},
		{variable: profile.VarSmallNMaxN, field: func(s *settings) *int { return &s.SmallNMaxN }},
		{variable: profile.VarSoftmaxVecMaxCols, field: func(s *settings) *int { return &s.SoftmaxVecMaxCols }},
		{variable: profile.VarInPlaceBytes, field: func(s *settings) *int { return &s.InPlaceBytes }},
	} {
		if c.usual, c.tried = *c.field(&usual), *c.field(&found); c.usual != c.tried {
			list = append(list, c)
		}
	}
	return list
}

// verify compares every changed threshold with its default, one after the
// other, beside all others as they were found or as they ended: on problems
// that nothing was found by, and on the suites. What is no better, or slower
// anywhere, is dropped, after a try at half the change. In the end what is left
// is compared with the defaults.
func (t *Tuner) verify(ctx context.Context) error {
	changes := t.changes()
	if !t.cfg.Verify || len(changes) == 0 {
		return nil
	}
	limit := time.Duration(verifyShare*float64(t.cfg.For)) / time.Duration(len(changes)+1)
	left := t.found
	for _, c := range changes {
		ok, err := t.keeps(ctx, c, &left, limit)
		if nearer, found := t.nearer(c); err == nil && !ok && found {
			_, err = t.keeps(ctx, nearer, &left, limit)
		}
		if err != nil {
			return err
		}
	}
	if len(changes) > 1 && left != defaults() {
		v, err := t.verdict(ctx, change{variable: allTogether}, defaults(), left, limit)
		if err != nil {
			return err
		}
		if !v.Kept {
			left = defaults()
		}
	}
	t.found = left // the profile's Settings point there
	return nil
}

// allTogether is the name of what is left of all changes.
const allTogether = "all together"

// keeps finds out whether a change is better than the default, beside others;
// if not, it puts the default there.
func (t *Tuner) keeps(ctx context.Context, c change, others *settings, limit time.Duration) (bool, error) {
	usual, tried := *others, *others
	*c.field(&usual), *c.field(&tried) = c.usual, c.tried
	v, err := t.verdict(ctx, c, usual, tried, limit)
	if err != nil {
		return false, err
	}
	if *others = usual; v.Kept {
		*others = tried
	}
	return v.Kept, nil
}

// verdict compares settings with others, and notes it.
func (t *Tuner) verdict(ctx context.Context, c change, usual, tried settings, limit time.Duration) (profile.Verdict, error) {
	v := profile.Verdict{Variable: c.variable, Default: strconv.Itoa(c.usual), Tried: strconv.Itoa(c.tried)}
	if c.variable == allTogether {
		v.Default, v.Tried = "", ""
	}
	var err error
	if v.Suites, err = t.compare(ctx, c, usual, tried, limit); err != nil {
		return v, err
	}
	v.Kept, v.Why = judge(v.Suites)
	t.profile.Verdicts = append(t.profile.Verdicts, v)
	return v, nil
}

// judge decides about a change by what it does to every suite.
func judge(suites []profile.SuiteGain) (keep bool, why string) {
	var gained, lost, unclear, same []string
	for _, s := range suites {
		text := fmt.Sprintf("%s %s", s.Suite, GainText(s.Gain))
		switch {
		case s.Changed == 0:
		case worse(s.Gain):
			lost = append(lost, text)
		case better(s.Gain):
			gained = append(gained, text)
		case s.Gain.Median < 1/worthwhile:
			unclear = append(unclear, text)
		default:
			same = append(same, text)
		}
	}
	switch {
	case len(lost) > 0:
		return false, "slower: " + strings.Join(lost, ", ")
	case len(unclear) > 0:
		return false, "perhaps slower: " + strings.Join(unclear, ", ")
	case len(gained) > 0:
		return true, "faster: " + strings.Join(gained, ", ")
	case len(same) > 0:
		return false, "no better: " + strings.Join(same, ", ")
	}
	return false, "no problem is done in another way"
}

// compare returns what settings do to every suite, beside others.
func (t *Tuner) compare(ctx context.Context, c change, usual, tried settings, limit time.Duration) ([]profile.SuiteGain, error) {
	what := fmt.Sprintf("%s=%d beside %d", c.variable, c.tried, c.usual)
	if c.variable == allTogether {
		what = allTogether
	}
	held, err := t.compareHeldOut(ctx, what, usual, tried, limit/2)
	if err != nil {
		return nil, err
	}
	suites, err := t.compareSuites(ctx, what, usual, tried, limit/2)
	return append([]profile.SuiteGain{held}, suites...), err
}

// heldOut names the problems that no threshold was found by.
const heldOut = "held out"

// compareHeldOut compares settings on such problems, as far as their kernels
// differ.
func (t *Tuner) compareHeldOut(ctx context.Context, what string, usual, tried settings, limit time.Duration) (profile.SuiteGain, error) {
	defer t.free()
	out := profile.SuiteGain{Suite: heldOut}
	var cells []*cell
	for _, p := range heldOutProblems() {
		out.Shapes++
		before, after := t.chosen(p.problem(), usual.Prefs), t.chosen(p.problem(), tried.Prefs)
		if before == after || before == 0 || after == 0 {
			continue
		}
		t.cfg.Tell(what + ": " + heldOut)
		c, err := t.problem(p, before, after)
		if err != nil {
			return out, err
		}
		if len(c.entrants) == 2 {
			cells = append(cells, c)
		}
	}
	err := contest(ctx, cells, limit, t.dice, func(round int) {
		t.cfg.Tell(fmt.Sprintf("%s: %d problems %s, round %d", what, len(cells), heldOut, round))
	})
	out.Changed, out.Gain = pairs(cells)
	return out, err
}

// pairs returns how many cells had two kernels that can be compared, and how many
// times as fast the second ones are.
func pairs(cells []*cell) (n int, gain profile.Gain) {
	var all []sample
	for _, c := range cells {
		if s := bounded(c.entrants[0], c.entrants[1]); len(s) > 0 {
			all = append(all, s)
		}
	}
	return len(all), overall(all, 0)
}

// chosen returns the family that a problem gets, 0 for none.
func (t *Tuner) chosen(p kernels.Problem, prefs policy.Prefs) kernels.Family {
	plan, err := policy.Select(p, t.rig.info.Caps, prefs, kernels.Default)
	if err != nil {
		return 0
	}
	return plan.Family()
}
