package tune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// mostOperands bounds the operands of a suite's works that are compared at a
// time; what is larger is left out.
var mostOperands int64 = 1 << 30

// compareSuites compares settings on every work of the suites that is done in
// another way by them: whole schedulers take turns at operations, from
// submission to answer.
func (t *Tuner) compareSuites(ctx context.Context, what string, usual, tried settings, limit time.Duration) (out []profile.SuiteGain, err error) {
	both, err := t.openBoth(ctx, usual, tried)
	defer func() { err = errors.Join(err, both.close(ctx)) }()
	if err != nil {
		return nil, err
	}
	all := suite.All()
	for _, s := range all {
		differ, shapes := t.differing(s, usual, tried)
		gain, err := t.compareWorks(ctx, what+": "+s.Name, both, differ, limit/time.Duration(len(all)))
		if err != nil {
			return out, err
		}
		gain.Suite, gain.Shapes = s.Name, shapes
		out = append(out, gain)
	}
	return out, nil
}

// differing returns the works of a suite that are done in another way, and how
// many there are in all.
func (t *Tuner) differing(s suite.Suite, usual, tried settings) (works []suite.Work, all int) {
	seen := map[suite.Work]bool{}
	room := mostOperands
	for _, c := range s.Cases {
		if seen[c.Work] {
			continue
		}
		seen[c.Work] = true
		all++
		if !t.differs(c.Work, usual, tried) || 2*c.Work.Memory() > room {
			continue
		}
		room -= 2 * c.Work.Memory()
		works = append(works, c.Work)
	}
	return works, all
}

// differs reports whether a work gets other kernels, or some result another
// way to its caller; of one that is not known that must be assumed. Jobs that
// share a batch's columns have their results staged, whatever their size.
func (t *Tuner) differs(w suite.Work, usual, tried settings) bool {
	m, product := w.(suite.Matmul)
	staged := product && m.Jobs > 1
	problems := problemsOf(w)
	return len(problems) == 0 || slices.ContainsFunc(problems, func(p kernels.Problem) bool {
		return t.choices(p, usual.Prefs) != t.choices(p, tried.Prefs) || !staged && usual.writesInPlace(p) != tried.writesInPlace(p)
	})
}

// choices returns the families that a problem gets: of each of an attention's
// links, else one.
func (t *Tuner) choices(p kernels.Problem, prefs policy.Prefs) (fs [3]kernels.Family) {
	plan, err := policy.Select(p, t.rig.info.Caps, prefs, kernels.Default)
	switch {
	case err != nil:
	case plan.Chain != nil:
		for i, link := range plan.Chain.Links() {
			fs[i] = link.Family()
		}
	default:
		fs[0] = plan.Family()
	}
	return fs
}

// problemsOf returns what the kinds of jobs of a work are to selection; none for
// a work that is not known here, which may always differ.
func problemsOf(w suite.Work) []kernels.Problem {
	switch w := w.(type) {
	case suite.Matmul:
		return []kernels.Problem{productOf(w)}
	case suite.Softmax:
		return []kernels.Problem{{
			Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: w.Rows, N: w.Cols}, A: w.DType, B: w.DType, C: w.DType, Causal: w.Causal,
		}}
	case suite.Attention:
		return attentionOf(w)
	}
	return nil
}

func productOf(w suite.Matmul) kernels.Problem {
	p := kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: w.Batch, M: w.M, N: w.N, K: w.K}, A: w.DType, B: w.DType, C: w.DType,
		TransA: w.TransA, TransB: w.TransB, BetaNonZero: w.Beta != 0, Bias: w.Bias,
	}
	if w.Jobs > 1 {
		p.Shape.N = w.N / w.Jobs
	}
	if w.Loaded == "b" {
		p.Shape, p.Mirrored = p.Shape.Mirror(), true
	}
	return p
}

// attentionOf returns the three jobs of an attention that is computed apart, or
// the one.
func attentionOf(w suite.Attention) []kernels.Problem {
	one := kernels.Problem{
		Op: kernels.OpAttention, Shape: kernels.Shape{Batch: w.Heads, M: w.Rows, N: w.Keys, K: w.Dim}, A: w.DType, B: w.DType, C: w.DType,
		Causal: w.Causal, Group: 1, ValueCols: w.Dim,
	}
	if !w.Apart {
		return []kernels.Problem{one}
	}
	scores, weights, values := one, one, one
	scores.Op, weights.Op, values.Op = kernels.OpMatmul, kernels.OpSoftmax, kernels.OpMatmul
	weights.Shape.K = 0
	values.Shape.N, values.Shape.K = w.Dim, w.Keys
	all := []kernels.Problem{scores, weights, values}
	for i := range all {
		all[i].Group, all[i].ValueCols = 0, 0
	}
	return all
}

// compareWorks lets two schedulers take turns at works.
func (t *Tuner) compareWorks(ctx context.Context, what string, both pair, works []suite.Work, limit time.Duration) (out profile.SuiteGain, err error) {
	var cells []*cell
	for _, w := range works {
		c, release, err := both.cell(ctx, w, t.cfg.Seed)
		defer release()
		if err != nil {
			return out, fmt.Errorf("tune: %s: %w", what, err)
		}
		cells = append(cells, c)
	}
	err = contest(ctx, cells, limit, t.dice, func(round int) {
		t.cfg.Tell(fmt.Sprintf("%s: %d works, round %d", what, len(cells), round))
	})
	out.Changed, out.Gain = pairs(cells)
	return out, err
}
