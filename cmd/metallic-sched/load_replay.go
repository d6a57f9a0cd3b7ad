package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// traceStage makes the jobs of a recorded run, or counted products, the only
// stage.
func (c *loadCommand) traceStage(cfg *loadtest.Config) (err error) {
	var sends []loadtest.Send
	if c.Trace == counted || filepath.Ext(c.Trace) == ".csv" {
		sends, err = c.countedSends(cfg)
	} else {
		sends, err = c.recordedSends(cfg)
	}
	if err != nil {
		return err
	}
	last := time.Duration(float64(sends[len(sends)-1].At) / c.Speed)
	if last < 2*cfg.Warmup { // little would count, and pass
		return wrongUsage("--trace lasts %v at --speed %v, --warmup is %v; allowed: at most half of it, 0s to count all", last.Round(time.Microsecond), c.Speed, cfg.Warmup)
	}
	cfg.Stages = []loadtest.Stage{{
		Name: "trace", Rate: float64(len(sends)) / max(last, 1).Seconds(), Source: loadtest.Replayed(sends, c.Speed),
		Length: last + 1, // the last job is due before the end
	}}
	cfg.Info.Loop, cfg.Info.Mix = loadtest.LoopTrace, c.Trace
	return nil
}

// counted is the trace that comes with the program.
const counted = "qwen25"

// countedSends are the products of a file with their counts, at the rate.
func (c *loadCommand) countedSends(cfg *loadtest.Config) (sends []loadtest.Send, err error) {
	if cfg.Mix, err = readMix(c.Trace); err != nil {
		return nil, err
	}
	arrivals, _, err := c.arrivals(c.rate())
	if err != nil {
		return nil, err
	}
	if sends = cfg.Mix.Counted(arrivals, c.Seed); len(sends) == 0 {
		return nil, fmt.Errorf("%s: no product was counted", c.Trace)
	}
	return sends, nil
}

// recordedSends are the jobs of a recorded run, at their times.
func (c *loadCommand) recordedSends(cfg *loadtest.Config) ([]loadtest.Send, error) {
	if c.Rate != nil {
		return nil, wrongUsage("--rate or the --trace of a recorded run, not both: its jobs have their times, which --speed changes")
	}
	f, err := os.Open(c.Trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	run, err := readRecorded(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Trace, err)
	}
	kinds, sends, err := newTraceReader(run.arrivals).read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Trace, err)
	}
	cfg.Info.Arrivals, cfg.Info.Note = "", run.note
	cfg.Mix, err = loadtest.NewMix(kinds)
	return sends, err
}
