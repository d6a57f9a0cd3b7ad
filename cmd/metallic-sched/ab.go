package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/ab"
)

// abCommand compares two ways of running a benchmark.
type abCommand struct {
	A    string `short:"a" placeholder:"SETTINGS" help:"NAME=VALUE settings of side a, with spaces between them, on top of the environment."`
	B    string `short:"b" placeholder:"SETTINGS" help:"Those of side b."`
	ABin string `name:"a-bin" type:"existingfile" placeholder:"FILE" help:"Another build of this program that side a runs."`
	BBin string `name:"b-bin" type:"existingfile" placeholder:"FILE" help:"That of side b."`
	Exec bool   `help:"What follows -- is any program that prints Go benchmark lines, not a command of this one."`

	Runs  int           `placeholder:"N" help:"So many runs of each side, then one look at them, instead of --for."`
	For   time.Duration `placeholder:"DURATION" help:"Go on until all can be told, but no longer than this (default: 2m)."`
	Alpha float64       `default:"0.05" help:"How probable it may be that any row is found to differ whose sides are the same, in all rows and looks."`
	Least fraction      `default:"2%" help:"The smallest difference that matters; what differs by less is called equal."`
	Seed  uint64        `help:"Seed of the order of runs (default: another one each time, which is shown)."`

	Unit    string        `default:"${unit}" help:"What to compare."`
	Ignore  []string      `placeholder:"KEY,..." help:"Parts KEY=VALUE of names that do not tell rows apart, such as backend."`
	Timeout time.Duration `default:"10m" help:"How long one run may take."`

	JSON   bool     `xor:"format" help:"Write the report as JSON."`
	CSV    bool     `name:"csv" xor:"format" help:"Write the report as CSV."`
	Output string   `short:"o" type:"path" placeholder:"FILE" help:"Write the benchmark lines of both sides there, for benchstat -col side."`
	Plot   string   `type:"path" placeholder:"FILE" help:"Write a page of HTML with pictures there."`
	FailOn []string `enum:"slower,different,unsure" placeholder:"WHAT,..." help:"End with 1 if any row is slower on side b, different, or unsure (cannot be told)."`

	Command []string `arg:"" optional:"" help:"After --: a command of this program: bench SUITE, or load."`
}

// defaultContest is how long a contest may take if nothing else is said.
const defaultContest = 2 * time.Minute

// Run implements the command.
func (c *abCommand) Run(ctx context.Context, s streams) (err error) {
	sides, err := c.sides()
	if err != nil {
		return err
	}
	if err := c.checkCommand(ctx); err != nil {
		return err
	}
	cfg := c.config(sides)
	if c.Output != "" {
		f, err := os.Create(c.Output)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		cfg.Raw = ab.NewRaw(f)
	}
	var doing abActivity
	cfg.Progress = doing.set
	p := startProgress(s.err, doing.line)
	report, err := ab.New(cfg).Run(ctx)
	p.stop()
	if report == nil {
		return err
	}
	shown := &abReport{A: sides[ab.A], B: sides[ab.B], Report: report}
	return errors.Join(err, c.show(s, shown), c.plot(shown), c.verdict(report))
}

// sides are the programs to run.
func (c *abCommand) sides() (sides [2]*ab.Program, err error) {
	if err := c.check(); err != nil {
		return sides, err
	}
	path, args := "", c.Command
	if c.Exec {
		path, args = args[0], args[1:]
		path, err = exec.LookPath(path)
	} else {
		path, err = os.Executable()
	}
	if err != nil {
		return sides, err
	}
	for i, side := range []struct{ name, settings, bin string }{{"-a", c.A, c.ABin}, {"-b", c.B, c.BBin}} {
		p := &ab.Program{Path: path, Args: args}
		if p.Settings, err = ab.ParseSettings(side.settings); err != nil {
			return sides, wrongUsage("%s: %v", side.name, err)
		}
		if side.bin != "" {
			p.Path = side.bin
		}
		sides[i] = p
	}
	return sides, nil
}

func (c *abCommand) check() error {
	switch {
	case len(c.Command) == 0:
		return wrongUsage("compare what? -a SETTINGS -b SETTINGS -- COMMAND, such as -- bench matmul_dispatcher")
	case c.Exec && c.ABin+c.BBin != "":
		return wrongUsage("--exec runs one program on both sides; allowed: either it, or --a-bin and --b-bin")
	case c.Runs < 0:
		return wrongUsage("--runs is %d; allowed: at least 1, or none for as many as are needed", c.Runs)
	case c.For < 0:
		return wrongUsage("--for is %v; allowed: more than 0", c.For)
	case c.Runs > 0 && c.For > 0:
		return wrongUsage("--runs and --for: allowed is one of them")
	case !(c.Alpha > 0 && c.Alpha < 1):
		return wrongUsage("--alpha is %v; allowed: more than 0 and less than 1", c.Alpha)
	case !(c.Least > 0):
		return wrongUsage("--least is %v; allowed: more than 0, such as 2%% or 0.02", float64(c.Least))
	case c.Timeout <= 0:
		return wrongUsage("--timeout is %v; allowed: more than 0", c.Timeout)
	}
	return nil
}

func (c *abCommand) config(sides [2]*ab.Program) ab.Config {
	cfg := ab.Config{
		Runs: c.Runs, For: c.For, Seed: c.Seed, Alpha: c.Alpha, Least: float64(c.Least),
		Unit: c.Unit, Ignore: c.Ignore, Now: time.Now,
	}
	if cfg.Seed == 0 {
		cfg.Seed = uint64(rand.Uint32()) + 1
	}
	if cfg.Runs == 0 && cfg.For == 0 {
		cfg.For = defaultContest
	}
	cfg.Run = func(ctx context.Context, side ab.Side) ([]byte, error) {
		out, err := sides[side].Run(ctx, c.Timeout)
		if failed := (*ab.RunError)(nil); errors.As(err, &failed) {
			failed.Side = side
		}
		if err == nil && !c.Exec && c.Command[0] == "load" {
			return loadLines(out)
		}
		return out, err
	}
	return cfg
}

// plot writes the page, if one was asked for.
func (c *abCommand) plot(r *abReport) error {
	if c.Plot == "" {
		return nil
	}
	f, err := os.Create(c.Plot)
	if err != nil {
		return err
	}
	var text strings.Builder
	r.write(&text)
	return errors.Join(r.WritePage(f, text.String()), f.Close())
}

// verdict is the failure that was asked for, if it is there.
func (c *abCommand) verdict(r *ab.Report) error {
	if slices.Contains(c.FailOn, "slower") && r.Better == 0 {
		return fmt.Errorf("ab: --fail-on slower: nobody said whether more %s is better; a line \"Unit %s better=lower\" would", r.Unit, r.Unit)
	}
	is := map[string]func(ab.Verdict) bool{
		"slower":    func(v ab.Verdict) bool { return v == ab.Slower },
		"different": ab.Verdict.Different,
		"unsure":    func(v ab.Verdict) bool { return v == ab.Unsure },
	}
	var found []string
	for _, what := range c.FailOn {
		if n := r.Count(is[what]); n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, what))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return errors.New("ab: of " + count(len(r.Rows), "row") + " " + strings.Join(found, ", "))
}
