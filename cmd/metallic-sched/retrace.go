package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// retraceCommand replays a traced run, with its configuration or another.
type retraceCommand struct {
	File string `arg:"" help:"A trace: what METALLIC_TRACE=1 METALLIC_METRICS_JSONL_PATH=FILE wrote (- for standard input)."`
	Nth  int    `name:"run" placeholder:"N" help:"Which run of the file, from 1 (default: the last)."`
	Show int    `default:"10" help:"Differences to show."`

	MaxColumns   *int           `placeholder:"N" help:"Columns in a batch, instead of the trace's."`
	MaxBatchTime *time.Duration `placeholder:"TIME" help:"Predicted time of a batch, instead of the trace's."`
	GroupTime    *time.Duration `placeholder:"TIME" help:"Time up to which unlike operands share a command buffer, instead of the trace's."`
	Linger       *time.Duration `placeholder:"TIME" help:"How long an idle device waits for companions, instead of the trace's."`
	AgeStep      *time.Duration `placeholder:"TIME" help:"Waiting time worth a step of priority, instead of the trace's."`
	NoBatching   bool           `help:"Every job runs alone."`

	MatmulBackend  *string `placeholder:"NAME" help:"Forced backend of products: auto, mlx, mps, gemv."`
	SoftmaxBackend *string `placeholder:"NAME" help:"Forced backend of softmaxes: auto, vec, block."`
	SmallnMaxN     *int    `name:"smalln-max-n" placeholder:"N" help:"Most columns for small-N kernels, 0 to 16."`
	ForceSmalln    bool    `name:"force-smalln" help:"Small-N kernels for every N up to 16."`
}

// Run implements the command.
func (c *retraceCommand) Run(s streams) error {
	trace, err := c.trace(s)
	if err != nil {
		return err
	}
	variables, err := readVariablePrefs()
	if err != nil {
		return err
	}
	with, changed := c.setup(trace.Setup, variables)
	r, err := scheduler.Replay(trace, with)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	report := retrace{trace, r, changed}
	report.write(s.out, c.Show)
	if r.Different > 0 && len(changed) == 0 {
		return errors.New("the trace's own configuration did not decide as it did: the program has changed since, or this is a bug")
	}
	return nil
}

// trace reads the run that was asked for.
func (c *retraceCommand) trace(s streams) (*metrics.Trace, error) {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	runs, err := metrics.ReadTraces(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	n := c.Nth
	if n == 0 {
		n = len(runs)
	}
	if n < 1 || n > len(runs) {
		return nil, wrongUsage("--run is %d; allowed: 1 to %d", n, len(runs))
	}
	if len(runs) > 1 {
		fmt.Fprintf(s.err, "run %d of %d in %s\n", n, len(runs), c.File)
	}
	return &runs[n-1], nil
}

// Help says what counts where.
func (retraceCommand) Help() string {
	return "What is not changed is as in the trace. Variables that are set change it as they change a run: those of selection " +
		"(METALLIC_MATMUL_..., METALLIC_SOFTMAX_..., METALLIC_EXP_KERNELS) and METALLIC_LINGER; flags come before them. " +
		"Others say nothing about a replay: the device, its slots and a profile's thresholds are those of the trace."
}

// setup returns the trace's setup with what flags and variables change, and what
// they do.
func (c *retraceCommand) setup(was metrics.Setup, v *variablePrefs) (with metrics.Setup, changed []table.Row) {
	with = was
	p := &with.Prefs
	changed = change(changed, "max columns", &with.MaxColumns, c.MaxColumns)
	changed = change(changed, "max batch time", &with.MaxTime, c.MaxBatchTime)
	changed = change(changed, "group time", &with.GroupTime, c.GroupTime)
	changed = change(changed, "linger", &with.Linger, c.Linger, v.linger)
	changed = change(changed, "age step", &with.AgeStep, c.AgeStep)
	changed = change(changed, "matmul backend", &p.MatmulBackend, c.MatmulBackend, v.matmulBackend)
	changed = change(changed, "softmax backend", &p.SoftmaxBackend, c.SoftmaxBackend, v.softmaxBackend)
	changed = change(changed, "smalln max n", &p.SmallNMaxN, c.SmallnMaxN, v.smallNMaxN)
	changed = change(changed, "force smalln", &p.ForceSmallN, given(c.ForceSmalln), v.forceSmallN)
	changed = change(changed, "simd m min", &p.SIMDMMin, v.simdMMin)
	changed = change(changed, "simd n min", &p.SIMDNMin, v.simdNMin)
	changed = change(changed, "softmax vec max cols", &p.SoftmaxVecMaxCols, v.softmaxVecMaxCols)
	changed = change(changed, "experimental kernels", &p.Experimental, v.experimental)
	if c.NoBatching && with.MaxJobs > 1 {
		with.MaxJobs = 1
		changed = append(changed, table.Row{"batching", "yes", "no"})
	}
	return with, changed
}

// given returns a flag that is on, nil for one that nobody gave.
func given(flag bool) *bool {
	if !flag {
		return nil
	}
	return &flag
}

// change sets a field to the first of what was given for it, if that is another
// value.
func change[T comparable](changed []table.Row, name string, field *T, ways ...*T) []table.Row {
	i := slices.IndexFunc(ways, func(way *T) bool { return way != nil })
	if i < 0 || *ways[i] == *field {
		return changed
	}
	changed = append(changed, table.Row{name, fmt.Sprint(*field), fmt.Sprint(*ways[i])})
	*field = *ways[i]
	return changed
}
