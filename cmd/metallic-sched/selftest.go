package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/discover"
)

// selftestCommand checks a device on this machine and writes a report.
type selftestCommand struct {
	Device  string        `placeholder:"NAME" help:"The device to test (default: METALLIC_DEVICE, or the best found)."`
	Report  string        `type:"path" placeholder:"FILE" help:"Where the report goes (default: metallic-sched-selftest-DEVICE-DATE.json)."`
	Quick   bool          `help:"Fewer and smaller shapes."`
	Timeout time.Duration `default:"20m" help:"How long each part may take."`
	Part    string        `hidden:"" help:"Run one part in this process, for another that reads what it prints."`
}

// openDevice is replaced in tests of the self-test: it must find a wrong device.
var openDevice = discover.Open

// issues is where reports go.
const issues = "https://github.com/metallic-sched/metallic-sched/issues"

// Run implements the command.
func (c *selftestCommand) Run(ctx context.Context, s streams) error {
	cfg, err := settings(c.Device)
	if err != nil {
		return err
	}
	switch {
	case discover.Check(cfg.DeviceName) != nil || discover.Several(cfg.DeviceName):
		return wrongUsage("--device is %q; allowed: %s, or one by its number such as cuda:1", cfg.DeviceName, strings.Join(discover.Names(), ", "))
	case c.Timeout <= 0:
		return wrongUsage("--timeout is %v; allowed: more than 0", c.Timeout)
	case c.Part != "":
		return c.serve(ctx, cfg.DeviceName, cfg.Libraries(), s.out)
	}
	if err := c.reportable(); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	report := c.test(ctx, program, cfg.DeviceName, s.err)
	path := c.Report
	if path == "" {
		path = report.FileName()
	}
	// What is shown must not be lost with the file, nor the other way round.
	saved := report.Save(path)
	showSelftest(s.out, report)
	if saved != nil {
		return saved
	}
	fmt.Fprintf(s.out, "The report is in %s.\n", path)
	if report.DeviceName() == "metal" {
		fmt.Fprintf(s.out, "Please send it, whatever the result: attach it to an issue at\n%s\nIt says nothing of who or where you are.\n", issues)
	}
	return selftestVerdict(report)
}

// reportable finds out whether the report can be written. Its own name is not known
// yet where none is given.
func (c *selftestCommand) reportable() error {
	if c.Report == "" {
		return creatable("metallic-sched-selftest")
	}
	return writableInPlace(c.Report)
}

// serve runs one part here.
func (c *selftestCommand) serve(ctx context.Context, name string, libraries discover.Config, out io.Writer) error {
	part, err := selftest.ParsePart(c.Part)
	if err != nil {
		return wrongUsage("%v", err)
	}
	return selftest.Serve(ctx, part, selftest.Setup{
		Quick: c.Quick,
		Open:  func() (device.Device, error) { return openDevice(name, libraries) },
		Reference: func() (device.Device, error) {
			return discover.Open("cpu", discover.Config{BLAS: blas.None})
		},
	}, out)
}

// test runs all parts, each in a process of this program.
func (c *selftestCommand) test(ctx context.Context, program, name string, out io.Writer) *selftest.Report {
	scrub := selftest.Scrubber()
	report := selftest.NewReport(os.Environ(), scrub)
	report.Requested, report.Quick = name, c.Quick
	var doing activity
	p := startProgress(out, doing.line)
	defer p.stop()
	runner := &selftest.Runner{
		Command: func(ctx context.Context, part selftest.Part) *exec.Cmd {
			args := []string{"selftest", "--part", string(part), "--device", name}
			if c.Quick {
				args = append(args, "--quick")
			}
			return exec.CommandContext(ctx, program, args...)
		},
		Timeout: c.Timeout, Scrub: scrub, Progress: doing.set,
	}
	runner.Run(ctx, report)
	return report
}

// activity is what a self-test is doing.
type activity struct {
	mu   sync.Mutex
	part selftest.Part
	what string
}

func (a *activity) set(part selftest.Part, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.part, a.what = part, what
}

func (a *activity) line(time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.part == "" {
		return ""
	}
	return fmt.Sprintf("%-11s  %s", a.part, a.what)
}

// selftestVerdict returns why a self-test did not pass.
func selftestVerdict(r *selftest.Report) error {
	var bad []string
	for _, p := range r.Parts {
		if p.Outcome != selftest.Passed {
			bad = append(bad, fmt.Sprintf("%s %s", p.Part, strings.ToUpper(string(p.Outcome))))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return errors.New("selftest: " + strings.Join(bad, ", "))
}
