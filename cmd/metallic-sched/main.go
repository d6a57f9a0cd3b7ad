// Command metallic-sched shows what the scheduler does: it runs a load,
// explains choices, replays decisions and lists devices.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/ab"
	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// commands are what the program can be told to do.
type commands struct {
	Run      runCommand      `cmd:"" help:"Replay the decode phase of a language model by many sequences at once, with and without batching."`
	Explain  explainCommand  `cmd:"" help:"Show which kernel a problem gets and every rule that was tried."`
	Replay   retraceCommand  `cmd:"" help:"Replay the decisions of a traced run and show where another configuration decides differently."`
	Selftest selftestCommand `cmd:"" help:"Test a device on this machine: conformance, numbers, speed, the whole scheduler. Writes a report to send."`
	Serve    serveCommand    `cmd:"" help:"Run a scheduler that many processes share, over the network or a socket."`
	Submit   submitCommand   `cmd:"" help:"Run one job from .npy or .safetensors files, on a server or on this machine."`
	Status   statusCommand   `cmd:"" help:"Tell how a server is, for people or as JSON."`
	Top      topCommand      `cmd:"" help:"Show what a server does, on a terminal."`
	Load     loadCommand     `cmd:"" help:"Put a measured load on a scheduler: rates, callers or a trace; writes raw results for report."`
	Report   reportCommand   `cmd:"" help:"Show raw results of load: as tables, JSON, CSV or a page with pictures."`
	Bench    benchCommand    `cmd:"" help:"Run a benchmark suite of the specification, each backend forced in turn; benchstat reads the output."`
	Ab       abCommand       `cmd:"" help:"Compare two settings or builds by running a benchmark with both in turns; does not conclude from noise."`
	Tune     tuneCommand     `cmd:"" help:"Measure a device: finds the thresholds that suit it and writes a profile, with pictures."`
	Devices  devicesCommand  `cmd:"" help:"List the devices of this machine and what the others need."`
	Version  versionCommand  `cmd:"" help:"Show the version of this program."`
}

// streams are where a command writes: results to out, all else to err.
type streams struct{ out, err io.Writer }

func main() { os.Exit(execute(os.Args[1:], streams{os.Stdout, os.Stderr})) }

// execute runs a command line and returns the exit code: 0, 1 for an error, 2
// for a wrong command line, or that of an exitError.
func execute(args []string, s streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once

	dropEmptyVariables()
	out := &results{to: s.out}
	s.out = out
	command, err := newParser(ctx, s).Parse(longFlags(helpFlag(args)))
	if err != nil {
		fmt.Fprintf(s.err, "metallic-sched: %v; see metallic-sched --help\n", err)
		return 2
	}
	err = out.join(command.Run())
	var wrong *usageError
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		fmt.Fprintf(s.err, "metallic-sched: %v\n", err)
		return coded.code
	case errors.As(err, &wrong):
		fmt.Fprintf(s.err, "metallic-sched: %v; see %s --help\n", err, command.Selected().FullPath())
		return 2
	default:
		fmt.Fprintf(s.err, "metallic-sched: %v\n", err)
		return 1
	}
}

// newParser returns what reads a command line.
func newParser(ctx context.Context, s streams) *kong.Kong {
	return kong.Must(&commands{},
		kong.Name("metallic-sched"),
		kong.Description("Batches matrix products and softmaxes of many callers on one device. "+
			"The METALLIC_* environment variables apply to every command."),
		kong.Writers(s.out, s.err),
		kong.Vars{
			"mixes": strings.Join(loadtest.Presets(), ", "), "rates": loadtest.RateSyntax, "suites": strings.Join(suite.Names(), ", "), "unit": ab.DefaultUnit,
			"address": remote.DefaultAddress,
		},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
}

// usageError is a command line that cannot be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func wrongUsage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// helpFlag lets help be asked for as a command, as of Go's own tools: "help COMMAND"
// is "COMMAND --help".
func helpFlag(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}
	return append(slices.Clone(args[1:]), "--help")
}

var oneDash = regexp.MustCompile(`^-[a-z][a-z-]+(=|$)`)

// longFlags lets long flags be written with one dash as well, as Go's own
// tools have them.
func longFlags(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "--" {
			copy(out[i:], args[i:])
			break
		}
		if oneDash.MatchString(a) {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}
