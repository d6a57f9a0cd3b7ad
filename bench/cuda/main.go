// Command cuda runs on a machine with an NVIDIA GPU what proves the cuda device
// right, and what tells how fast it is, and writes a report with the date and
// the driver: conformance, every function by itself and under compute-sanitizer,
// a million jobs, the benchmarks, and PyTorch beside them where it is installed.
//
//	go run ./bench/cuda -out docs/cuda-run.md
//	go run ./bench/cuda -only entries,controls,memcheck,racecheck
//
// On a machine without Go it takes test binaries that were built elsewhere, by
// CGO_ENABLED=0 go test -c: -device of ./device/cuda, -scheduler of ./scheduler.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parse has said why
	}
	r, err := run(o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cuda:", err)
		os.Exit(1)
	}
	fmt.Println(r.verdict())
	if len(r.failed()) > 0 {
		os.Exit(1)
	}
}

type options struct {
	device, scheduler string // test binaries; empty: built
	python, torch     string
	out, logs         string
	only              []string // steps; nil: all
	functions         *regexp.Regexp
	processes         int
}

func parse(args []string, errs io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("cuda", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.device, "device", "", "the test `binary` of ./device/cuda; it is built if none is given")
	flags.StringVar(&o.scheduler, "scheduler", "", "the test `binary` of ./scheduler; likewise")
	flags.StringVar(&o.python, "python", "python3", "a Python with PyTorch")
	flags.StringVar(&o.torch, "torch", "bench/torch", "the `directory` of the programs for PyTorch")
	flags.StringVar(&o.out, "out", "", "the `file` for the report; it is printed if none is given")
	flags.StringVar(&o.logs, "logs", "", "a `directory` for what the steps print; the default is a temporary one")
	flags.IntVar(&o.processes, "processes", 8, "how many processes at a time under compute-sanitizer")
	functions := flags.String("functions", "", "a `pattern` for the functions under compute-sanitizer, such as sm_90a/smalln; all if empty")
	only := flags.String("only", "", "`steps` with commas between them: "+strings.Join(names(), ", "))
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	var err error
	if o.functions, err = regexp.Compile(*functions); err != nil {
		err = fmt.Errorf("-functions: %w", err)
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			err = fmt.Errorf("-only: %q is no step; allowed are %s", name, strings.Join(names(), ", "))
		}
	}
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected %q", flags.Arg(0))
	}
	if o.processes < 1 {
		err = fmt.Errorf("-processes %d; allowed is 1 or more", o.processes)
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return nil, err
	}
	return o, nil
}

// run runs the steps one after another, also after one that failed.
func run(o *options, out io.Writer) (*report, error) {
	s, err := newSession(o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &report{date: time.Now().UTC(), gpu: s.gpu()}
	for _, step := range steps {
		if o.only != nil && !slices.Contains(o.only, step.name) {
			continue
		}
		start := time.Now()
		result := step.run(s)
		result.name, result.what, result.took = step.name, step.what, time.Since(start)
		r.add(result)
		fmt.Fprintf(out, "%-11s %6.1f s  %s\n", step.name, result.took.Seconds(), result.line())
	}
	if o.out == "" {
		_, err = io.WriteString(out, r.markdown())
		return r, err
	}
	return r, os.WriteFile(o.out, []byte(r.markdown()), 0o644)
}
