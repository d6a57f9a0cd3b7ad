package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
)

// loadCommand puts a measured load on a scheduler.
type loadCommand struct {
	Addr   string        `placeholder:"ADDR" help:"A server: HOST:PORT, unix:PATH or https://HOST:PORT (default: a scheduler of this process)."`
	Access remote.Access `embed:""`
	Device string        `placeholder:"NAME" help:"The device to use, or several: cuda:0,cuda:1; cuda:all (default: METALLIC_DEVICE, or the best found)."`
	Name   string        `placeholder:"NAME" help:"What to call the run in reports (default: the mix)."`
	Output string        `short:"o" type:"path" placeholder:"FILE" help:"Write the raw results there, and a report to standard output."`

	Mix      string        `default:"gemv" help:"What jobs there are: ${mixes}, or a file of such lines (see --mix-help) or of counted products (.csv)."`
	MixHelp  bool          `help:"Show how a mix is written, and end."`
	Rate     *string       `placeholder:"RATE,..." help:"Jobs a second, one stage each: ${rates} (default: 1000)."`
	Arrivals string        `enum:"poisson,even" default:"poisson" help:"How jobs arrive: poisson (independent callers), even."`
	Callers  []int         `placeholder:"N,..." help:"Closed loop instead of a rate: so many callers that wait for each answer, one stage each."`
	Trace    string        `placeholder:"FILE" help:"Replay the jobs of a recorded run instead: of a trace (METALLIC_TRACE), or of any file of decisions (METALLIC_METRICS_JSONL_PATH); or counted products, each as often as counted, at --rate: qwen25, or a file (.csv)."`
	Speed    float64       `default:"1" help:"Of the replay."`
	Seed     uint64        `default:"1" help:"Seed of arrivals, jobs and numbers."`
	For      time.Duration `default:"10s" help:"How long each stage lasts, with its warm-up."`
	Warmup   time.Duration `default:"1s" help:"The start of each stage that does not count; of a trace at most half."`
	Window   time.Duration `default:"1s" help:"Results are kept, and stability is judged, by stretches of this length."`
	Stable   bool          `help:"Go on, up to three times as long, until the last three windows are within 10%; it is a failure if they never are."`

	Objective string  `placeholder:"p99<5ms" help:"What latency is asked for; missing it is a failure."`
	Search    bool    `help:"Look for the highest rate that meets the objective, from --rate on."`
	Precision float64 `default:"0.05" help:"Of the search: how far apart, as a fraction, the best rate and the one that failed may be."`
	Trials    int     `default:"16" help:"Rates that the search tries at most."`

	InFlight int           `default:"4096" help:"Jobs sent and not ended, at most; those due beyond it are sent late."`
	Late     time.Duration `default:"2ms" help:"A job sent more than this after its time was late."`
	MaxLag   float64       `default:"0.25" help:"The generator fails when its lag is more than this part of the latency, and more than --late, at the median, p90 or a missed objective."`
	Check    int           `default:"61" help:"Compare one result in so many with a float64 reference; 0 for none."`
}

// Run implements the command.
func (c *loadCommand) Run(ctx context.Context, s streams) (err error) {
	if c.MixHelp {
		_, err := fmt.Fprintln(s.out, loadtest.MixSyntax)
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	raw, done, err := c.raw(s)
	if err != nil {
		return err
	}
	cfg.Emit = raw
	results, err := c.load(ctx, s, cfg)
	err = errors.Join(err, done())
	if results == nil || results.End == nil {
		return err
	}
	if c.Output != "" || isTerminal(s.out) {
		err = errors.Join(err, show.Text(s.out, []*loadtest.Results{results}))
	}
	return errors.Join(err, results.Verdict())
}

// raw returns where the records go: to a file, or to standard output unless a
// person is looking.
func (c *loadCommand) raw(s streams) (emit func(loadtest.Record) error, done func() error, err error) {
	out, file := s.out, (*os.File)(nil)
	switch {
	case c.Output != "":
		if file, err = os.Create(c.Output); err != nil {
			return nil, nil, err
		}
		out = file
	case isTerminal(s.out):
		out = io.Discard
	}
	buffer := bufio.NewWriter(out)
	lines := json.NewEncoder(buffer)
	emit = func(r loadtest.Record) error { return errors.Join(lines.Encode(r), buffer.Flush()) }
	return emit, func() error {
		if file != nil {
			return file.Close()
		}
		return nil
	}, nil
}

// load runs the load.
func (c *loadCommand) load(ctx context.Context, s streams, cfg loadtest.Config) (results *loadtest.Results, err error) {
	target, err := c.target(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.close(ctx)) }()
	cfg.Doer, cfg.Batches, cfg.Dropped, cfg.Info.Device = target, target.batches.take, target.dropped.Load, target.device
	if target.backend == "sim" {
		cfg.Unchecked = "the sim device computes nothing"
	}
	fmt.Fprintf(s.err, "device     %s\nload       mix %s, %s loop, seed %d\n", cfg.Info.Device, cfg.Info.Mix, cfg.Info.Loop, c.Seed)
	if cfg.Unchecked != "" {
		fmt.Fprintf(s.err, "NOT CHECKED: %s\n", cfg.Unchecked)
	}
	cfg.Alarm = loadtest.NewAlarm()
	defer cfg.Alarm.Close()
	runner, err := loadtest.New(cfg)
	if err != nil {
		return nil, err
	}
	p := startProgress(s.err, func(time.Time) string { return loadLine(runner) })
	defer p.stop()
	return runner.Run(ctx)
}

// loadInfo describes the run and the machine.
func (c *loadCommand) loadInfo() loadtest.RunInfo {
	info := loadtest.RunInfo{
		Name: c.Name, Time: time.Now().UTC().Truncate(time.Second), Program: programVersion(),
		CPUs: runtime.NumCPU(), Mix: c.Mix, Arrivals: c.Arrivals, Env: map[string]string{},
	}
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "METALLIC_") || name == "GOMAXPROCS" {
			info.Env[name] = value
		}
	}
	return info
}
