package tune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// mostOperands bounds the operands of a suite's works that are compared at a
// time; what is larger is left out.
var mostOperands int64 = 1 << 30

// compareSuites compares preferences on every work of the suites that gets
// another kernel by them: whole schedulers take turns at operations, from
// submission to answer.
func (t *Tuner) compareSuites(ctx context.Context, what string, usual, tried policy.Prefs, limit time.Duration) (out []profile.SuiteGain, err error) {
	var both [2]*scheduler.Scheduler
	defer func() {
		for _, s := range both {
			err = errors.Join(err, closeSoon(ctx, s))
		}
	}()
	for i, prefs := range [...]policy.Prefs{usual, tried} {
		if both[i], err = scheduler.Open(ctx, scheduler.Config{Device: t.cfg.Device, Tuning: t.profile, Prefs: &prefs}); err != nil {
			return nil, fmt.Errorf("tune: %w", err)
		}
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

// differing returns the works of a suite that get another kernel, and how many
// there are in all.
func (t *Tuner) differing(s suite.Suite, usual, tried policy.Prefs) (works []suite.Work, all int) {
	seen := map[suite.Work]bool{}
	room := mostOperands
	for _, c := range s.Cases {
		if seen[c.Work] {
			continue
		}
		seen[c.Work] = true
		all++
		p, known := problemOf(c.Work)
		if known && t.chosen(p, usual) == t.chosen(p, tried) || 2*c.Work.Memory() > room {
			continue
		}
		room -= 2 * c.Work.Memory()
		works = append(works, c.Work)
	}
	return works, all
}

// problemOf returns what each of a work's jobs is to selection; false for work
// of several kinds, which may always differ.
func problemOf(w suite.Work) (p kernels.Problem, known bool) {
	switch w := w.(type) {
	case suite.Matmul:
		p = kernels.Problem{
			Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: w.Batch, M: w.M, N: w.N, K: w.K}, A: w.DType, B: w.DType, C: w.DType,
			TransA: w.TransA, TransB: w.TransB, BetaNonZero: w.Beta != 0, Bias: w.Bias,
		}
		if w.Jobs > 1 {
			p.Shape.N = w.N / w.Jobs
		}
		if w.Loaded == "b" {
			p.Shape, p.Mirrored = p.Shape.Mirror(), true
		}
		return p, true
	case suite.Softmax:
		return kernels.Problem{
			Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: w.Rows, N: w.Cols}, A: w.DType, B: w.DType, C: w.DType, Causal: w.Causal,
		}, true
	}
	return p, false
}

// compareWorks lets two schedulers take turns at works.
func (t *Tuner) compareWorks(ctx context.Context, what string, both [2]*scheduler.Scheduler, works []suite.Work, limit time.Duration) (out profile.SuiteGain, err error) {
	var cells []*cell
	for _, w := range works {
		c := &cell{class: fmt.Sprint(w)}
		for _, s := range both {
			f, err := w.Make(s, t.cfg.Seed)
			if err != nil {
				return out, fmt.Errorf("tune: %s: %w", what, err)
			}
			defer f.Release()
			c.entrants = append(c.entrants, &entrant{run: operation(ctx, s, f)})
		}
		cells = append(cells, c)
	}
	err = contest(ctx, cells, limit, t.dice, func(round int) {
		t.cfg.Tell(fmt.Sprintf("%s: %d works, round %d", what, len(cells), round))
	})
	out.Changed, out.Gain = pairs(cells)
	return out, err
}

// operation returns what does all jobs of a fixture and takes the time.
func operation(ctx context.Context, s *scheduler.Scheduler, f suite.Fixture) func() (time.Duration, error) {
	jobs := f.Jobs()
	return func() (time.Duration, error) {
		start := time.Now()
		err := s.DoAll(ctx, jobs)
		return time.Since(start), err
	}
}
