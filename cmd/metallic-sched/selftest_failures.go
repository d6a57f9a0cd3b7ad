package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
)

// failureLines is how much of a log is shown; the report has all of it.
const failureLines = 12

// showFailures prints what failed, with the beginning of its log.
func showFailures(w io.Writer, r *selftest.Report) {
	fail := func(what, log string) {
		fmt.Fprintf(w, "FAILED: %s\n", what)
		fmt.Fprint(w, excerpt(log, failureLines))
	}
	if r.Conformance != nil {
		for _, c := range r.Conformance.Checks {
			if c.Outcome == selftest.Failed && strings.TrimSpace(c.Log) != "" {
				fail("conformance: "+c.Name, c.Log)
			}
		}
	}
	if r.Numerics != nil {
		for _, s := range selftest.Summarise(r.Numerics.Cases) {
			if s.Outcome == selftest.Failed {
				fail(fmt.Sprintf("numerics: %s of %s: %d of %d cases", s.Kernel, s.Types, s.Failed, s.Cases), s.Why)
			}
		}
	}
	if r.Benchmark != nil {
		for _, x := range r.Benchmark.Rates {
			if x.Error != "" {
				fail(fmt.Sprintf("benchmark: %s of %s, %s, N=%d", x.Kernel, x.Types, x.Shape, x.N), x.Error)
			}
		}
	}
	for _, p := range r.Parts {
		if p.Outcome == selftest.Failed && p.Error != "" {
			why := p.Error
			if p.Doing != "" {
				why += ", after: " + p.Doing
			}
			fail(string(p.Part), why+"\n"+p.Log)
		}
	}
}

// excerpt returns the first lines of a log that are not empty.
func excerpt(log string, most int) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(log) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if n++; n > most {
			b.WriteString("    ... (the report has the rest)\n")
			break
		}
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}

// showUntested says loudly what was not tested, and why; and what a device that
// has passed does not offer.
func showUntested(w io.Writer, r *selftest.Report) {
	say := func(part selftest.Part, whys []string) {
		for _, why := range whys {
			fmt.Fprintf(w, "NOT TESTED: %s: %s\n", part, why)
		}
	}
	if r.Conformance != nil {
		for _, c := range r.Conformance.Checks {
			if c.Outcome != selftest.Failed {
				for line := range strings.Lines(c.Log) {
					what, why, _ := strings.Cut(strings.TrimSpace(line), ": ")
					fmt.Fprintf(w, "%s: %s: %s\n", what, selftest.PartConformance, why)
				}
			}
		}
	}
	if r.Numerics != nil {
		say(selftest.PartNumerics, r.Numerics.Untested)
	}
	if r.Benchmark != nil {
		say(selftest.PartBenchmark, r.Benchmark.Untested)
	}
	if r.Scheduler != nil {
		say(selftest.PartScheduler, r.Scheduler.Untested)
	}
}
