package tune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// pair is two whole schedulers on one device, which take turns.
type pair [2]*scheduler.Scheduler

// openBoth opens schedulers with settings; those that could not be opened are
// nil.
func (t *Tuner) openBoth(ctx context.Context, usual, tried settings) (both pair, err error) {
	for i, s := range [...]settings{usual, tried} {
		if both[i], err = scheduler.Open(ctx, s.config(t)); err != nil {
			return both, fmt.Errorf("tune: %w", err)
		}
	}
	return both, nil
}

func (p pair) close(ctx context.Context) (err error) {
	for _, s := range p {
		err = errors.Join(err, closeSoon(ctx, s))
	}
	return err
}

// The entrants of a pair's cells.
const usualOne, triedOne = "usual", "tried"

// cell has both schedulers do a work. Its operands are there until release.
func (p pair) cell(ctx context.Context, w suite.Work, seed uint64) (c *cell, release func(), err error) {
	var fixtures []suite.Fixture
	release = func() {
		for _, f := range fixtures {
			f.Release()
		}
	}
	c = &cell{class: fmt.Sprint(w)}
	for i, s := range p {
		f, err := w.Make(s, seed)
		if err != nil {
			return nil, release, err
		}
		fixtures = append(fixtures, f)
		c.entrants = append(c.entrants, &entrant{family: [...]string{usualOne, triedOne}[i], run: operation(ctx, s, f)})
	}
	return c, release, nil
}

// operation returns what does all jobs of a fixture and takes the time.
func operation(ctx context.Context, s *scheduler.Scheduler, f suite.Fixture) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		start := time.Now()
		err := suite.Do(ctx, s, f)
		return time.Since(start), err
	}
}
