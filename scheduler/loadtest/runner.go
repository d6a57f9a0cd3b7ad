package loadtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
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
	i.Seed, i.Warmup, i.Window, i.InFlight, i.Late, i.MaxLate = c.Seed, c.Warmup, c.Window, c.InFlight, c.Late, c.MaxLate
	for _, k := range c.Mix.Kinds {
		i.Kinds = append(i.Kinds, k.Name)
	}
	if c.Objective != nil {
		i.Objective = c.Objective.String()
	}
	return &i
}

func (r *Runner) load(ctx context.Context) error {
	numbers := newNumbers(newDice(r.cfg.Seed, diceNumbers))
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
		st, err := r.cfg.Source(rate)
		if err != nil {
			return err
		}
		st.Most = max(st.Most, st.Length)
		if err := r.cfg.validateStage(st); err != nil {
			return err
		}
		if err := r.stage(ctx, st); err != nil {
			return err
		}
		if ctx.Err() == nil {
			last := r.results.summary(len(r.results.Stages) - 1)
			r.cfg.Search.Tell(last.Meets(r.cfg.Objective) && len(last.Problems) == 0)
		}
	}
	return nil
}

// auditOf asks a Doer that keeps books for its balance.
func auditOf(d job.Doer) *job.Audit {
	if a, ok := d.(interface{ Audit() job.Audit }); ok {
		audit := a.Audit()
		return &audit
	}
	return nil
}

// audit compares the Doer's books with what was sent.
func (r *Runner) audit(end *RunEnd, before *job.Audit) {
	after := auditOf(r.cfg.Doer)
	if before == nil || after == nil {
		return
	}
	d := job.Audit{
		Submitted: after.Submitted - before.Submitted, Done: after.Done - before.Done,
		Failed: after.Failed - before.Failed, Cancelled: after.Cancelled - before.Cancelled,
		Expired: after.Expired - before.Expired, Rejected: after.Rejected - before.Rejected,
		InFlight: after.InFlight, Bytes: after.Bytes,
	}
	end.Audit = &d
	var wrong []string
	compare := func(name string, books, least, most int64) {
		if books < least || books > most {
			wrong = append(wrong, fmt.Sprintf("%s: the books say %d, %d were seen", name, books, most))
		}
	}
	if !d.Balances() {
		wrong = append(wrong, "it does not balance")
	}
	o := r.checks.total
	all := o.Done + o.Lost() + o.Cancelled + o.Malformed
	// A client refuses what is malformed before it is in anybody's books.
	compare("done", d.Done, o.Done, o.Done)
	compare("in flight", d.InFlight, 0, 0)
	compare("ended", d.Submitted-d.InFlight, all-o.Malformed, all)
	end.AuditWrong = strings.Join(wrong, "; ")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Progress is how a run goes on.
type Progress struct {
	Stage    string
	Number   int // of the stage, from 1
	Elapsed  time.Duration
	Length   time.Duration
	InFlight int64
	Ended    int64
	Lost     int64
	Window   *Window // the last that was closed, or nil
}

// Progress returns how the current stage goes on; ok is false before the first.
func (r *Runner) Progress() (p Progress, ok bool) {
	s := r.current.Load()
	if s == nil {
		return p, false
	}
	p = Progress{
		Stage: s.stage.Name, Number: s.index + 1, Elapsed: time.Since(s.start),
		Length: time.Duration(s.limit.Load()), InFlight: s.inFlight.Load(), Window: s.last.Load(),
	}
	p.Ended, p.Lost = s.tally.progress()
	return p, true
}
