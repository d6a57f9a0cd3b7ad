package suite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Bench is a Work that is ready to be run, by one backend after another.
type Bench struct {
	runner  *Runner
	work    Work
	fixture Fixture
	on      *scheduler.Scheduler
	took    time.Duration // by the last operation that first ran
}

// SkipError says why a Work is not run, or not by a backend.
type SkipError struct{ Why string }

func (e *SkipError) Error() string { return e.Why }

// Prepare makes a Work's operands. The error is a *SkipError if they take more
// than Config.Memory.
func (r *Runner) Prepare(w Work) (*Bench, error) {
	if need := w.Memory(); need > r.cfg.Memory {
		return nil, &SkipError{fmt.Sprintf("takes %d MiB of memory, more than the %d MiB it may", (need+1<<20-1)>>20, r.cfg.Memory>>20)}
	}
	f, err := w.Make(r.main, r.cfg.Seed)
	if err != nil {
		return nil, err
	}
	return &Bench{runner: r, work: w, fixture: f, on: r.main}, nil
}

// large is the memory that is worth being given back to the system at once.
const large = 64 << 20

// Release gives the operands back.
func (b *Bench) Release() {
	b.fixture.Release()
	b.fixture = nil
	if b.work.Memory() > large {
		debug.FreeOSMemory()
	}
}

// Force makes the next operations be computed by a backend. The error is a
// *SkipError if the device or the backend cannot.
func (b *Bench) Force(ctx context.Context, to Backend) (Choice, error) {
	on, err := b.runner.on(ctx, to)
	if err != nil {
		return Choice{}, err
	}
	b.on = on
	if to != Legacy && b.on.Prefs() != to.prefs(b.runner.prefs) {
		if err := b.on.Retune(to.prefs(b.runner.prefs)); err != nil {
			return Choice{}, skipped(err)
		}
	}
	plan, orientation, err := b.on.Explain(b.fixture.Jobs()[0])
	if err != nil {
		return Choice{}, err
	}
	for _, p := range products(plan) {
		if family := p.Family().String(); to != Auto && family != string(to) {
			return Choice{}, &SkipError{fmt.Sprintf("would be computed by %s: %s", family, because(p.Rules, to))}
		}
	}
	return choiceOf(plan, orientation), nil
}

// products returns the plans that a backend may be forced on: those of an
// attention's products, or the plan itself.
func products(plan *kernels.Plan) []*kernels.Plan {
	if c := plan.Chain; c != nil {
		return []*kernels.Plan{c.Scores, c.Values}
	}
	return []*kernels.Plan{plan}
}

// Check runs one operation and compares its results with float64 references.
// It returns how many values it compared: none on a device that does not
// compute. A wrong result is a *WrongError; an operation that takes longer than
// Config.Slowest is cancelled and a *SkipError.
func (b *Bench) Check(ctx context.Context) (values int, err error) {
	b.fixture.Reset()
	if err := b.first(ctx); err != nil || !b.runner.Computes() {
		return 0, err
	}
	if values, err = b.fixture.Check(); err != nil {
		return 0, &WrongError{err}
	}
	return values, nil
}

// first runs an operation, one of the first, and keeps its time.
func (b *Bench) first(ctx context.Context) error {
	slowest := b.runner.cfg.Slowest
	// Not a deadline: the scheduler would hurry for it.
	limited, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tooSlow := &SkipError{fmt.Sprintf("one operation takes longer than %v", slowest)}
	if slowest > 0 {
		defer time.AfterFunc(slowest, func() { stop(tooSlow) }).Stop()
	}
	start := time.Now()
	err := b.Do(limited)
	b.took = time.Since(start)
	if err != nil && context.Cause(limited) == error(tooSlow) {
		return errors.Join(tooSlow, settle(b.on)) // what it had begun may still run
	}
	return err
}

// WrongError says which value of a result is wrong.
type WrongError struct{ Cause error }

func (e *WrongError) Error() string { return "WRONG RESULT: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *WrongError) Unwrap() error { return e.Cause }

// Do runs one operation. With a Beta its results are added up from time to
// time until Reset, which may overflow.
func (b *Bench) Do(ctx context.Context) error { return Do(ctx, b.on, b.fixture) }

// Do does a fixture's jobs, together or in order, as they are to be done.
func Do(ctx context.Context, d job.Doer, f Fixture) error {
	jobs := f.Jobs()
	if s, ok := f.(Sequence); len(jobs) > 1 && !(ok && s.InOrder()) {
		return d.DoAll(ctx, jobs)
	}
	for _, j := range jobs {
		if err := d.Do(ctx, j); err != nil {
			return err
		}
	}
	return nil
}
