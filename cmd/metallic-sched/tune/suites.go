package tune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
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
		if !t.differs(c.Work, usual, tried) || 2*c.Work.Memory() > room {
			continue
		}
		room -= 2 * c.Work.Memory()
		works = append(works, c.Work)
	}
	return works, all
}

// differs reports whether a work gets another kernel; of one that is not known
// that must be assumed.
func (t *Tuner) differs(w suite.Work, usual, tried policy.Prefs) bool {
	problems := problemsOf(w)
	return len(problems) == 0 || slices.ContainsFunc(problems, func(p kernels.Problem) bool {
		return t.chosen(p, usual) != t.chosen(p, tried)
	})
}

// problemsOf returns what a work's jobs are to selection, those of an attention
// link by link.
func problemsOf(w suite.Work) []kernels.Problem {
	switch w := w.(type) {
	case suite.Matmul:
		p := product(w.Batch, w.M, w.K, w.N/max(w.Jobs, 1), w.DType)
		if w.Loaded == "b" {
			p.Shape, p.Mirrored = p.Shape.Mirror(), true
		}
		return []kernels.Problem{p}
	case suite.Softmax:
		return []kernels.Problem{rows(1, w.Rows, w.Cols, w.DType)}
	case suite.Attention:
		return []kernels.Problem{
			product(w.Heads, w.Rows, w.Dim, w.Keys, w.DType),
			rows(w.Heads, w.Rows, w.Keys, w.DType),
			product(w.Heads, w.Rows, w.Keys, w.Dim, w.DType),
		}
	}
	return nil
}

func product(batch, m, k, n int, dt tensor.DType) kernels.Problem {
	return kernels.Problem{Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: batch, M: m, N: n, K: k}, A: dt, B: dt, C: dt}
}

func rows(batch, m, n int, dt tensor.DType) kernels.Problem {
	return kernels.Problem{Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: batch, M: m, N: n}, A: dt, B: dt, C: dt}
}

// compareWorks lets two schedulers take turns at works.
func (t *Tuner) compareWorks(ctx context.Context, what string, both [2]*scheduler.Scheduler, works []suite.Work, limit time.Duration) (out profile.SuiteGain, err error) {
	var cells []*cell
	t.cfg.Tell(fmt.Sprintf("%s: %d works, first runs", what, len(works)))
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
	sequence, ok := f.(suite.Sequence)
	groups := [][]job.Job{f.Jobs()}
	if ok && sequence.InOrder() {
		groups = slices.Collect(slices.Chunk(f.Jobs(), 1))
	}
	return func() (time.Duration, error) {
		start := time.Now()
		for _, jobs := range groups {
			if err := s.DoAll(ctx, jobs); err != nil {
				return 0, err
			}
		}
		return time.Since(start), nil
	}
}
