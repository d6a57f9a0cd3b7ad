package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// benchCommand runs benchmark suites.
type benchCommand struct {
	Suites []string `arg:"" optional:"" name:"suite" help:"What to run: ${suites}."`

	Device    string          `placeholder:"NAME" help:"The device to use (default: METALLIC_DEVICE, or the best found)."`
	Benchtime suite.Benchtime `default:"300ms" placeholder:"TIME" help:"How long each case is measured, or for how many operations (100x)."`
	Count     int             `default:"1" help:"How often each case is measured; those that share operands take turns."`
	Filter    string          `placeholder:"REGEXP" help:"Run only cases whose name matches."`
	List      bool            `help:"List the names of the cases and end."`
	JSON      bool            `name:"json" help:"Write a JSON object a line instead of the Go benchmark format."`
	Memory    byteSize        `default:"2GiB" help:"What the operands of one case may take; larger cases are skipped."`
	Slowest   time.Duration   `default:"5s" help:"What one operation may take; slower cases are skipped (0 for any time)."`
	Seed      uint64          `default:"1" help:"Seed of the numbers in operands."`
}

// Run implements the command.
func (c *benchCommand) Run(ctx context.Context, s streams) (err error) {
	cases, err := c.cases()
	if err != nil {
		return err
	}
	if c.List {
		return list(s.out, cases)
	}
	if truthyVariable("METALLIC_TRACE") {
		return errTracedBench
	}
	cfg, err := environment(c.Device)
	if err != nil {
		return err
	}
	runner, err := suite.Open(ctx, suite.Config{Scheduler: cfg, Memory: int64(c.Memory), Slowest: c.Slowest, Seed: c.Seed})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Close(context.WithoutCancel(ctx))) }()
	return c.bench(ctx, s, runner, cases)
}

var errTracedBench = errors.New("METALLIC_TRACE is set, and a trace knows one configuration, but bench changes it between cases; " +
	"allowed: unset METALLIC_TRACE (METALLIC_METRICS_JSONL_PATH alone records decisions), or trace load or run instead")

// cases returns what the flags and the METALLIC_ variables leave of the suites.
func (c *benchCommand) cases() ([]suite.Case, error) {
	filter, err := regexp.Compile(c.Filter)
	switch {
	case err != nil:
		return nil, wrongUsage("--filter: %v", err)
	case c.Count < 1:
		return nil, wrongUsage("--count is %d; allowed: at least 1", c.Count)
	case c.Slowest < 0:
		return nil, wrongUsage("--slowest is %v; allowed: 0 and more", c.Slowest)
	case len(c.Suites) == 0 && !c.List:
		return nil, wrongUsage("bench what? give one or more of %s", strings.Join(suite.Names(), ", "))
	case len(c.Suites) == 0:
		c.Suites = suite.Names()
	}
	set, err := variablesSet()
	if err != nil {
		return nil, err
	}
	var cases []suite.Case
	for _, name := range c.Suites {
		s, err := suite.Find(name)
		if err != nil {
			return nil, wrongUsage("%v", err)
		}
		for _, one := range suite.Decided(s.Cases, set) {
			if filter.MatchString(one.Name()) {
				cases = append(cases, one)
			}
		}
	}
	if len(cases) == 0 {
		return nil, wrongUsage("--filter %q matches no case of %s; --list shows their names", c.Filter, strings.Join(c.Suites, ", "))
	}
	return cases, nil
}

func list(w io.Writer, cases []suite.Case) error {
	for _, c := range cases {
		if _, err := fmt.Fprintln(w, c.Name()); err != nil {
			return err
		}
	}
	return nil
}

// bench runs cases and writes what comes of them.
func (c *benchCommand) bench(ctx context.Context, s streams, runner *suite.Runner, cases []suite.Case) error {
	out, err := c.output(s, runner)
	if err != nil {
		return err
	}
	if err := out.decided(cases); err != nil {
		return err
	}
	options := suite.Options{Benchtime: c.Benchtime, Count: c.Count}
	live := newBenchLine(len(cases))
	if isTerminal(s.err) && !isTerminal(s.out) { // where results show how it goes on
		out.live = clearLine
		p := startProgress(s.err, live.text)
		defer p.stop()
		options.Before = live.before
	}
	err = runner.Run(ctx, cases, options, out.emit)
	return errors.Join(err, out.end())
}
