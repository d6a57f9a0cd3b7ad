package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/tune"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// tuneCommand measures a device and writes a profile of it.
type tuneCommand struct {
	Device string        `placeholder:"NAME" help:"The device to measure (default: METALLIC_DEVICE, or the best found)."`
	Output string        `short:"o" type:"path" placeholder:"FILE" help:"Where the profile goes (default: METALLIC_PROFILE, or metallic-sched-profile.json)."`
	HTML   string        `name:"html" type:"path" placeholder:"FILE" help:"Where the page with pictures goes (default: beside the profile)."`
	For    time.Duration `default:"90s" help:"About how long to measure; at least what proves something."`
	Verify bool          `default:"true" negatable:"" help:"Compare with the defaults on the benchmark suites, and drop what is no better there."`
	Seed   uint64        `default:"1" help:"Of the order in which kernels take turns."`
}

// Run implements the command.
func (c *tuneCommand) Run(ctx context.Context, s streams) (err error) {
	if c.For <= 0 {
		return wrongUsage("--for is %v; allowed: more than 0", c.For)
	}
	path := c.paths()
	if err := errors.Join(writable(path), writableInPlace(c.HTML)); err != nil {
		return err
	}
	cfg, err := settings(c.Device)
	if err != nil {
		return err
	}
	d, err := c.open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	info := d.Info()
	fmt.Fprintf(s.err, "device     %s: %s, %d threads\n", info.Backend, info.Name, info.Threads)
	p, err := c.measure(ctx, s.err, d)
	if err != nil {
		return err
	}
	return c.write(s.out, path, p)
}

// noSpeed says why the times of a device mean nothing, "" if they do.
func noSpeed(info device.Info, cfg scheduler.Config) string {
	switch {
	case info.Backend == "sim":
		return "the sim device computes nothing, in a time that it is told"
	case info.Backend == "metal" && cfg.Metal == discover.Simulated:
		return "METALLIC_METAL_LIBRARY=simulated runs shaders on the processor; their times say nothing of a GPU"
	}
	return ""
}

// open opens the device, unless it only pretends to be one.
func (c *tuneCommand) open(cfg scheduler.Config) (device.Device, error) {
	if discover.Several(cfg.DeviceName) {
		return nil, wrongUsage("--device is %s; allowed: one device, such as cuda:0: its profile serves all of its kind in this machine", cfg.DeviceName)
	}
	d, err := discover.Open(cfg.DeviceName, cfg.Libraries())
	if err != nil {
		return nil, err
	}
	if why := noSpeed(d.Info(), cfg); why != "" {
		return nil, errors.Join(fmt.Errorf("tune: nothing to measure: %s", why), d.Close())
	}
	return d, nil
}

func (c *tuneCommand) measure(ctx context.Context, out io.Writer, d device.Device) (*profile.Profile, error) {
	var mu sync.Mutex
	doing := ""
	p := startProgress(out, func(time.Time) string {
		mu.Lock()
		defer mu.Unlock()
		return doing
	})
	defer p.stop()
	return tune.Run(ctx, tune.Config{
		Device: d, For: c.For, Verify: c.Verify, Seed: c.Seed, Now: time.Now().UTC().Truncate(time.Second),
		Tell: func(what string) {
			mu.Lock()
			defer mu.Unlock()
			doing = what
		},
	})
}

// showProfile tells what was found and what became of it.
func showProfile(w io.Writer, p *profile.Profile) {
	found := newTable(w, "Measured on "+p.Machine.Backend+": "+p.Machine.Device, 4, "setting", "default", "found", "because")
	for _, c := range p.Crossovers {
		found.AppendRow(table.Row{c.Variable, c.Default, c.Found, c.Why})
	}
	for _, row := range tune.TrialRows(p) {
		found.AppendRow(table.Row{row[0], row[1], row[2], row[3]})
	}
	found.Render()
	if len(p.Verdicts) == 0 {
		return
	}
	verdicts := newTable(w, "Changed settings beside the defaults, on the suites", 5, "setting", "default", "tried", "kept", "because")
	for _, v := range p.Verdicts {
		verdicts.AppendRow(table.Row{v.Variable, v.Default, v.Tried, map[bool]string{true: "yes", false: "no"}[v.Kept], v.Why})
	}
	verdicts.Render()
	showOutcome(w, p)
}

// showOutcome sets what is left of all changes beside the defaults, suite by
// suite.
func showOutcome(w io.Writer, p *profile.Profile) {
	last := p.Verdicts[len(p.Verdicts)-1]
	if !last.Kept {
		fmt.Fprintln(w, "The defaults stay as they are: no change was found to be better.")
		return
	}
	t := newTable(w, "With the profile, times as fast as with the defaults", 3, "suite", "works done otherwise", "gain")
	for _, s := range last.Suites {
		gain := "all as before"
		if s.Changed > 0 {
			gain = tune.GainText(s.Gain)
		}
		t.AppendRow(table.Row{s.Suite, fmt.Sprintf("%d of %d", s.Changed, s.Shapes), gain})
	}
	t.Render()
}
