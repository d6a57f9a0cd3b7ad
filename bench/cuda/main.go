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

// run runs the steps one after another, also after one that failed.
func run(o *options, out io.Writer) (*report, error) {
	s, err := newSession(o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &report{date: time.Now().UTC(), gpu: s.gpu()}
	for _, step := range o.steps() {
		start := time.Now()
		result := step.run(s)
		result.name, result.what, result.took = step.name, step.what, time.Since(start)
		r.add(result)
		fmt.Fprintf(out, "%-11s %6.1f s  %s\n", step.name, result.took.Seconds(), result.line())
		if o.out != "" { // as far as it is, in case that it is stopped
			if err := os.WriteFile(o.out, []byte(r.markdown()), 0o644); err != nil {
				return r, err
			}
		}
	}
	if o.out == "" {
		_, err = io.WriteString(out, r.markdown())
	}
	return r, err
}
