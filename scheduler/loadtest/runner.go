package loadtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
)

// Runner runs a load once.
type Runner struct {
	cfg      Config
	fixtures []*fixture
	checks   checks
	current  atomic.Pointer[stageRun]
	results  Results
}

// New checks a Config.
func New(cfg Config) (*Runner, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	r := &Runner{cfg: cfg}
	if cfg.CheckEvery > 0 && cfg.Unchecked == "" {
		r.checks.every = int64(cfg.CheckEvery)
	}
	if cfg.CheckEvery < 0 && cfg.Unchecked == "" {
		r.cfg.Unchecked = "nobody asked for it"
	}
	return r, nil
}

// Run runs every stage and returns what Read returns of the records. It loads
// its operands first and releases them in the end. When ctx ends the jobs in
// flight are cancelled and what was measured is returned. The error says what
// kept the run from going on; what the results are worth is for Verdict to
// say.
func (r *Runner) Run(ctx context.Context) (*Results, error) {
	if err := r.emit(Record{Kind: KindRun, Run: r.info()}); err != nil {
		return nil, err
	}
	defer r.release()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	before := auditOf(r.cfg.Doer)
	for i := range r.cfg.Stages {
		if err := r.stage(ctx, r.cfg.Stages[i]); err != nil {
			return &r.results, err
		}
	}
	if err := r.search(ctx); err != nil {
		return &r.results, err
	}
	end := r.checks.end()
	end.Interrupted, end.Unchecked, end.Dropped = ctx.Err() != nil, r.cfg.Unchecked, r.cfg.Dropped()
	r.audit(&end, before)
	return &r.results, r.emit(Record{Kind: KindEnd, End: &end})
}

func (r *Runner) info() *RunInfo {
	i, c := r.cfg.Info, &r.cfg
	i.Seed, i.Warmup, i.Window, i.InFlight, i.Late, i.MaxLag = c.Seed, c.Warmup, c.Window, c.InFlight, c.Late, c.MaxLag
	for _, k := range c.Mix.Kinds {
		i.Kinds = append(i.Kinds, k.Name)
	}
	if c.Objective != nil {
		i.Objective = c.Objective.String()
	}
	return &i
}

func (r *Runner) load(ctx context.Context) error {
	numbers := reference.NewNumbers(r.cfg.Seed)
	for i := range r.cfg.Mix.Kinds {
		f, err := newFixture(ctx, r.cfg.Doer, &r.cfg.Mix.Kinds[i], numbers)
		if f != nil {
			r.fixtures = append(r.fixtures, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) release() {
	for _, f := range r.fixtures {
		f.release()
	}
}

// emit hands a record out and keeps it.
func (r *Runner) emit(rec Record) error {
	rec.V = Version
	if err := r.results.add(&rec); err != nil {
		return err
	}
	if r.cfg.Emit == nil {
		return nil
	}
	return r.cfg.Emit(rec)
}

// stage runs one stage, unless the run was interrupted.
func (r *Runner) stage(ctx context.Context, st Stage) error {
	if ctx.Err() != nil {
		return nil
	}
	s := newStageRun(r, st, len(r.results.Stages))
	r.current.Store(s)
	var writing sync.WaitGroup
	var failed error
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	writing.Go(func() {
		for w := range s.windows {
			if err := r.emit(Record{Kind: KindWindow, Window: w}); err != nil && failed == nil {
				failed = err
				stop(err)
			}
		}
	})
	end := s.run(ctx)
	close(s.windows)
	writing.Wait()
	return errors.Join(failed, r.emit(Record{Kind: KindStage, Stage: end}))
}

// search runs the stages that a search asks for.
func (r *Runner) search(ctx context.Context) error {
	for r.cfg.Search != nil && ctx.Err() == nil {
		rate, more := r.cfg.Search.Next()
		if !more {
			return nil
		}
		s, err := r.try(ctx, rate)
		if err != nil {
			return err
		}
		if s != nil {
			r.cfg.Search.Tell(s.Meets(r.cfg.Objective) && len(s.Problems) == 0)
		}
	}
	return nil
}

// lagging is how often a rate is tried at most when the generator lags: it may
// have been a pause of the machine.
const lagging = 3

// try runs a stage with a rate, again if the generator lagged. It returns nil when
// ctx ends.
func (r *Runner) try(ctx context.Context, rate float64) (s *Summary, err error) {
	for range lagging {
		st, err := r.cfg.Source(rate)
		if err != nil {
			return nil, err
		}
		st.Most = max(st.Most, st.Length)
		if err := r.cfg.validateStage(st); err != nil {
			return nil, err
		}
		if err := r.stage(ctx, st); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		if s = r.results.summary(len(r.results.Stages) - 1); !s.Lagged {
			break
		}
	}
	return s, nil
}
