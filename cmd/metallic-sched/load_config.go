package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// config returns what the flags ask for.
func (c *loadCommand) config() (cfg loadtest.Config, err error) {
	if err := c.check(); err != nil {
		return cfg, err
	}
	cfg = loadtest.Config{
		Seed: c.Seed, Warmup: c.Warmup, Window: c.Window, InFlight: c.InFlight,
		Late: c.Late, MaxLag: c.MaxLag, CheckEvery: cmp.Or(c.Check, -1), Info: c.loadInfo(),
	}
	if c.Objective != "" {
		if cfg.Objective, err = loadtest.ParseObjective(c.Objective); err != nil {
			return cfg, wrongUsage("%v", err)
		}
	}
	switch {
	case c.Trace != "":
		err = c.traceStage(&cfg)
	case len(c.Callers) > 0:
		err = c.closedStages(&cfg)
	default:
		err = c.openStages(&cfg)
	}
	cfg.Info.Name = cmp.Or(cfg.Info.Name, filepath.Base(cfg.Info.Mix))
	return cfg, err
}

func (c *loadCommand) check() error {
	switch {
	case c.Addr != "" && c.Device != "":
		return wrongUsage("--device and --addr: a server has its own device")
	case c.Search && c.Objective == "":
		return wrongUsage("--search looks for the highest rate that meets --objective, which is missing")
	case c.Search && (c.Trace != "" || len(c.Callers) > 0 || strings.ContainsAny(c.rate(), ",:")):
		return wrongUsage("--search starts from one --rate; allowed: a number")
	case c.Trace != "" && len(c.Callers) > 0:
		return wrongUsage("--trace or --callers, not both")
	case c.Trace != "" && c.Stable:
		return wrongUsage("--stable or --trace, not both: a trace ends when its jobs do")
	case c.Trace == "" && c.Speed > 0 && c.Speed != 1:
		return wrongUsage("--speed is that of a --trace, which is missing; --rate says how many jobs a second there are")
	case c.Rate != nil && len(c.Callers) > 0:
		return wrongUsage("--rate or --callers, not both: callers send when they have their answer")
	case !(c.Speed > 0):
		return wrongUsage("--speed is %v; allowed: more than 0", c.Speed)
	case !(c.Precision > 0):
		return wrongUsage("--precision is %v; allowed: more than 0", c.Precision)
	case c.Trials < 1:
		return wrongUsage("--trials is %d; allowed: at least 1", c.Trials)
	case c.For <= c.Warmup:
		return wrongUsage("--for is %v, --warmup %v; allowed: longer than that", c.For, c.Warmup)
	case c.Window <= 0 || c.Warmup < 0 || c.Late <= 0:
		return wrongUsage("--window is %v, --warmup %v, --late %v; allowed: more than 0, for --warmup 0 too", c.Window, c.Warmup, c.Late)
	case c.MaxLag < 0 || c.MaxLag > 1:
		return wrongUsage("--max-lag is %v; allowed: 0 to 1", c.MaxLag)
	case c.InFlight < 1:
		return wrongUsage("--in-flight is %d; allowed: at least 1", c.InFlight)
	case c.Check < 0:
		return wrongUsage("--check is %d; allowed: 0 and more", c.Check)
	}
	return nil
}

// readMix reads a mix: a preset or a file.
func readMix(name string) (loadtest.Mix, error) {
	if slices.Contains(loadtest.Presets(), name) {
		return loadtest.Preset(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return loadtest.Mix{}, fmt.Errorf("mix: %w; presets are: %s", err, strings.Join(loadtest.Presets(), ", "))
	}
	defer f.Close()
	if filepath.Ext(name) == ".csv" {
		return loadtest.ReadCSV(f)
	}
	return loadtest.ParseMix(f)
}

// rate is what --rate says.
func (c *loadCommand) rate() string {
	if c.Rate == nil {
		return "1000"
	}
	return *c.Rate
}

// arrivals returns when jobs are due at a rate, and the mean of it.
func (c *loadCommand) arrivals(rate string) (*loadtest.Arrivals, float64, error) {
	shape, mean, err := loadtest.ParseShape(rate, c.For)
	if err != nil {
		return nil, 0, wrongUsage("%v", err)
	}
	if c.Arrivals == "even" {
		return loadtest.Even(shape), mean, nil
	}
	return loadtest.Poisson(shape, c.Seed), mean, nil
}

func (c *loadCommand) openStages(cfg *loadtest.Config) (err error) {
	if cfg.Mix, err = readMix(c.Mix); err != nil {
		return err
	}
	cfg.Info.Loop = loadtest.LoopOpen
	stage := func(text string) (loadtest.Stage, error) {
		arrivals, mean, err := c.arrivals(text)
		if err != nil {
			return loadtest.Stage{}, err
		}
		st := loadtest.Stage{Name: text + "/s", Rate: mean, Length: c.For, Most: c.most(), Source: cfg.Mix.Mixed(arrivals, c.Seed)}
		if strings.Contains(text, ":") { // a rate that changes is never stable
			st.Name, st.Most = text, c.For
		}
		return st, nil
	}
	if c.Search {
		return c.searchStages(cfg, stage)
	}
	for text := range strings.SplitSeq(c.rate(), ",") {
		st, err := stage(text)
		if err != nil {
			return err
		}
		cfg.Stages = append(cfg.Stages, st)
	}
	return nil
}

// most is how long a stage may go on.
func (c *loadCommand) most() time.Duration {
	if c.Stable {
		return 3 * c.For
	}
	return c.For
}

const maxSearchRate = 1e7

func (c *loadCommand) searchStages(cfg *loadtest.Config, stage func(string) (loadtest.Stage, error)) error {
	first, err := stage(c.rate())
	if err != nil {
		return err
	}
	cfg.Info.Loop = loadtest.LoopSearch
	cfg.Search = &loadtest.Search{Start: first.Rate, Max: maxSearchRate, Precision: c.Precision, Trials: c.Trials}
	cfg.Source = func(rate float64) (loadtest.Stage, error) { return stage(fmt.Sprintf("%.0f", max(1, rate))) }
	return nil
}

func (c *loadCommand) closedStages(cfg *loadtest.Config) (err error) {
	if cfg.Mix, err = readMix(c.Mix); err != nil {
		return err
	}
	cfg.Info.Loop, cfg.Info.Arrivals = loadtest.LoopClosed, ""
	for _, n := range c.Callers {
		if n < 1 {
			return wrongUsage("--callers is %d; allowed: at least 1", n)
		}
		cfg.Stages = append(cfg.Stages, loadtest.Stage{
			Name: fmt.Sprintf("%d callers", n), Callers: n, Length: c.For, Most: c.most(),
		})
	}
	return nil
}
