package suite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Options say how cases are measured.
type Options struct {
	Benchtime Benchtime
	// Count is how often each case is measured. The cases of one Work take
	// turns, so that what changes with time changes all of them. Default 1.
	Count int
	// Before is told what comes next, if set. A case comes up more than once.
	Before func(c Case)
}

// Run measures cases, in order, and emits a Result for each, or as many as
// Count. Those of equal Works in a row share operands. Cases that cannot be run
// here are emitted once, with the reason. It goes on after a wrong result; the
// error then is a *WrongResults. It ends at once with an error of emit, of a
// job or of the context.
func (r *Runner) Run(ctx context.Context, cases []Case, o Options, emit func(*Result) error) error {
	var wrong WrongResults
	for len(cases) > 0 {
		n := 1
		for n < len(cases) && cases[n].Work == cases[0].Work {
			n++
		}
		g := group{runner: r, cases: cases[:n], options: o, emit: emit, wrong: &wrong}
		if err := g.run(ctx); err != nil {
			return errors.Join(err, wrong.err())
		}
		cases = cases[n:]
	}
	return wrong.err()
}

// WrongResults are the cases whose results were wrong.
type WrongResults struct {
	Names []string
	First error
}

func (w *WrongResults) Error() string {
	return fmt.Sprintf("%d cases have wrong results; the first is %s: %v", len(w.Names), w.Names[0], w.First)
}

// Unwrap returns what is wrong with the first.
func (w *WrongResults) Unwrap() error { return w.First }

func (w *WrongResults) err() error {
	if len(w.Names) == 0 {
		return nil
	}
	return w
}

// group is the cases of one Work.
type group struct {
	runner  *Runner
	cases   []Case
	options Options
	emit    func(*Result) error
	wrong   *WrongResults
}

func (g *group) run(ctx context.Context) error {
	g.before(g.cases[0])
	b, err := g.runner.Prepare(g.cases[0].Work)
	if err != nil {
		return g.skipAll(err)
	}
	defer b.Release()
	var ready []Result
	for _, c := range g.cases {
		result, err := g.ready(ctx, b, c)
		switch {
		case err != nil:
			return err
		case result.Skip != "" || result.Wrong != nil:
			err = g.emit(&result)
		default:
			ready = append(ready, result)
		}
		if err != nil {
			return err
		}
	}
	for round := range max(1, g.options.Count) {
		for _, result := range ready {
			result.Round = round
			if err := g.measure(ctx, b, result); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *group) before(c Case) {
	if g.options.Before != nil {
		g.options.Before(c)
	}
}

func (g *group) skipAll(err error) error {
	var skip *SkipError
	if !errors.As(err, &skip) {
		return fmt.Errorf("%s: %w", g.cases[0].Name(), err)
	}
	for _, c := range g.cases {
		if err := g.emit(&Result{Case: c, Skip: skip.Why}); err != nil {
			return err
		}
	}
	return nil
}

// ready finds out whether a case can be run and computes rightly.
func (g *group) ready(ctx context.Context, b *Bench, c Case) (result Result, err error) {
	g.before(c)
	result.Case = c
	if result.Choice, err = b.Force(ctx, c.Backend); err == nil {
		result.Checked, err = b.Check(ctx)
		if err == nil && g.options.Benchtime.slow(b.took) {
			err = b.first(ctx) // that may have been because it compiled
		}
		result.First = b.took
	}
	var skip *SkipError
	var wrong *WrongError
	switch {
	case errors.As(err, &skip):
		result.Skip = skip.Why
	case errors.As(err, &wrong):
		result.Wrong = wrong
		if g.wrong.Names = append(g.wrong.Names, c.Name()); g.wrong.First == nil {
			g.wrong.First = wrong
		}
	case err != nil:
		return result, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return result, nil
}

// measure takes the times of one round.
func (g *group) measure(ctx context.Context, b *Bench, result Result) error {
	g.before(result.Case)
	_, err := b.Force(ctx, result.Case.Backend)
	if err == nil {
		err = b.measure(ctx, g.options.Benchtime, &result)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", result.Case.Name(), err)
	}
	return g.emit(&result)
}

// measure fills in what operations cost. They run without a context that could
// end, as cheaply as they can; between two of them ctx may end it.
func (b *Bench) measure(ctx context.Context, t Benchtime, result *Result) error {
	b.fixture.Reset()
	before, err := accountOf(b.on)
	if err != nil {
		return err
	}
	counted := 0
	result.Ops, result.Elapsed, err = t.measure(ctx, result.First, func() error {
		counted++
		return b.Do(context.Background())
	})
	if err != nil {
		return err
	}
	after, err := accountOf(b.on)
	if err != nil {
		return err
	}
	spent := after.since(before)
	result.Batches = spent.totals
	// Operations that warmed up are among those counted.
	result.Device = time.Duration(float64(spent.device) * float64(result.Ops) / float64(counted))
	return nil
}
