package ab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/perf/benchunit"
)

// Contest is one comparison under way.
type Contest struct {
	Config
	start  time.Time
	order  order
	plan   plan
	pairs  []pairs
	report Report
}

// New returns a contest.
func New(cfg Config) *Contest {
	_, cfg.Unit = benchunit.Tidy(1, cfg.Unit)
	return &Contest{Config: cfg, order: newOrder(cfg.Seed), report: Report{
		Unit: cfg.Unit, Seed: cfg.Seed, Alpha: cfg.Alpha, Least: cfg.Least,
	}}
}

// Run runs both sides in turns until all can be told, or the runs or the time
// are used up. When ctx ends, or a run fails, what was measured so far is reported;
// of a run that failed there is an error beside the report.
func (c *Contest) Run(ctx context.Context) (*Report, error) {
	c.start = c.Now()
	if err := c.warmUp(ctx); err != nil {
		return nil, early(ctx, err)
	}
	var failed error
	for done := false; !done; {
		err := c.pair(ctx)
		if err != nil && c.report.Pairs == 0 {
			return nil, early(ctx, err)
		}
		if ctx.Err() == nil {
			failed = err
		}
		c.report.Interrupted = ctx.Err() != nil || err != nil
		done = c.look()
	}
	c.report.Elapsed = c.elapsed()
	describe(c.report.Rows, c.pairs)
	c.report.Lost = losses(c.pairs)
	return &c.report, failed
}

// early says so if there is nothing to report because ctx ended.
func early(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("ab: ended before there was a pair of runs: %w", ctx.Err())
	}
	return err
}

// warmUp runs either side once, for nothing but to fill caches and to learn
// which rows there are.
func (c *Contest) warmUp(ctx context.Context) error {
	var first [2]*output
	for _, side := range []Side{A, B} {
		out, err := c.run(ctx, side)
		if err != nil {
			return err
		}
		first[side] = out
	}
	c.report.Better = first[A].units.GetBetter(c.Unit)
	for _, name := range first[A].order {
		if _, both := first[B].rows[name]; both {
			c.pairs = append(c.pairs, pairs{name: name})
		}
	}
	for _, side := range []Side{A, B} {
		for _, name := range first[side].order {
			if _, both := first[side.other()].rows[name]; !both {
				c.report.LeftOut = append(c.report.LeftOut, fmt.Sprintf("%s: only %v has it%s", name, side, first[side.other()].lostIn(name)))
			}
		}
	}
	if len(c.pairs) == 0 {
		return &OutputError{fmt.Sprintf("the sides have no row in common: a has %s ..., b has %s ...; see --ignore", first[A].order[0], first[B].order[0])}
	}
	c.plan = plan{alpha: c.Alpha, rows: judged(len(c.pairs))}
	return c.Raw.begin(first)
}

// pair runs both sides. Unless both ran nothing is kept.
func (c *Contest) pair(ctx context.Context) error {
	var both [2]*output
	side := c.order.next()
	for range 2 {
		out, err := c.run(ctx, side)
		if err != nil {
			return err
		}
		for i := range c.pairs {
			if _, there := out.rows[c.pairs[i].name]; !there {
				return &OutputError{fmt.Sprintf("run %d of %v lacks %s, which the first one had%s", c.report.Pairs+1, side, c.pairs[i].name, out.lostIn(c.pairs[i].name))}
			}
		}
		both[side] = out
		side = side.other()
	}
	for i := range c.pairs {
		p := &c.pairs[i]
		p.a = append(p.a, both[A].rows[p.name])
		p.b = append(p.b, both[B].rows[p.name])
		for _, side := range []Side{A, B} {
			p.lost[side] += both[side].lost[p.name]
		}
	}
	c.report.Pairs++
	return errors.Join(c.Raw.write(A, both[A]), c.Raw.write(B, both[B]))
}

func (c *Contest) run(ctx context.Context, side Side) (*output, error) {
	c.tell()
	text, err := c.Config.Run(ctx, side)
	if err != nil {
		return nil, err
	}
	out, err := readOutput(text, c.Unit, c.Ignore)
	if err != nil {
		return nil, fmt.Errorf("%w (a run of %v)", err, side)
	}
	return out, nil
}

// look looks at the numbers if the plan says so, and reports whether that is
// the end.
func (c *Contest) look() (done bool) {
	passed := c.passed()
	done = passed >= 1 || c.report.Interrupted
	level := c.plan.look(c.report.Pairs, passed, done)
	if level <= 0 {
		return done
	}
	c.report.Looks = append(c.report.Looks, Look{c.report.Pairs, level})
	c.report.Rows = judge(c.pairs, level, c.Least, c.report.Better)
	return done || c.report.unsure() == 0
}

// passed is the part of the time that is over: 1 if there is none for another
// pair like those before. A number of runs has one look, at its end.
func (c *Contest) passed() float64 {
	elapsed := c.elapsed()
	switch {
	case c.Runs > 0 && c.report.Pairs < c.Runs && !c.report.Interrupted:
		return 0
	case c.Runs > 0, !c.report.Interrupted && elapsed+elapsed/time.Duration(c.report.Pairs+1) > c.For:
		return 1
	}
	return min(1, elapsed.Seconds()/c.For.Seconds())
}

func (c *Contest) elapsed() time.Duration { return c.Now().Sub(c.start) }

func (c *Contest) tell() {
	if c.Progress == nil {
		return
	}
	p := Progress{Pairs: c.report.Pairs, Runs: c.Runs, Elapsed: c.elapsed(), Limit: c.For, Looks: len(c.report.Looks)}
	if p.Looks > 0 {
		p.Unsure, p.Rows = c.report.unsure(), len(c.report.Rows)
	}
	c.Progress(p)
}
