package main

import (
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

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
	err := o.check(flags.Args(), *functions)
	if err != nil {
		fmt.Fprintln(errs, err)
		return nil, err
	}
	return o, nil
}

func (o *options) check(rest []string, functions string) (err error) {
	if o.functions, err = regexp.Compile(functions); err != nil {
		return fmt.Errorf("-functions: %w", err)
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only: %q is no step; allowed are %s", name, strings.Join(names(), ", "))
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("unexpected %q", rest[0])
	}
	if o.processes < 1 {
		return fmt.Errorf("-processes %d; allowed is 1 or more", o.processes)
	}
	return nil
}

// steps are those that were asked for.
func (o *options) steps() (all []step) {
	for _, s := range steps {
		if o.only == nil || slices.Contains(o.only, s.name) {
			all = append(all, s)
		}
	}
	return all
}
