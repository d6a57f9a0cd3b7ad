package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
)

// showSelftest prints all that a self-test found, what failed last.
func showSelftest(w io.Writer, r *selftest.Report) {
	showDevice(w, r)
	if r.Conformance != nil {
		showConformance(w, r.Conformance)
	}
	if r.Numerics != nil && len(r.Numerics.Cases) > 0 {
		showNumerics(w, r.Numerics)
	}
	if r.Benchmark != nil && len(r.Benchmark.Rates) > 0 {
		showProducts(w, r.Benchmark, "GB/s, each operand counted once", func(r selftest.Rate) float64 { return r.GBs })
		showProducts(w, r.Benchmark, "GFLOP/s", func(r selftest.Rate) float64 { return r.GFlops })
		showSoftmaxRates(w, r.Benchmark)
	}
	if r.Scheduler != nil {
		showCrowd(w, r.Scheduler)
	}
	showFailures(w, r)
	showUntested(w, r)
	showParts(w, r)
}

func showDevice(w io.Writer, r *selftest.Report) {
	p, m := r.Program, r.Machine
	changed := ""
	if p.Modified {
		changed = " with changes"
	}
	fmt.Fprintf(w, "program    %s, commit %s%s, %s %s/%s\n", p.Version, orUnknown(p.Revision), changed, p.Go, p.OS, p.Arch)
	fmt.Fprintf(w, "machine    %s, %s, %s, %d threads, %v\n", orUnknown(m.System), orUnknown(m.Model), orUnknown(m.Processor), m.Threads, byteSize(m.Memory))
	if d := r.Device; d != nil {
		fmt.Fprintf(w, "device     %s: %s, %d threads, %v\n", d.Backend, d.Name, d.Threads, byteSize(d.Memory))
		for _, n := range d.Notes {
			fmt.Fprintf(w, "           %s\n", n)
		}
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// shout writes an outcome so that what did not pass is seen.
func shout(o selftest.Outcome) string {
	if o == selftest.Passed {
		return string(o)
	}
	return strings.ToUpper(string(o))
}

// showConformance has a line for each check at the top.
func showConformance(w io.Writer, c *selftest.Conformance) {
	t := newTable(w, "Conformance", 2, "check", "result", "below", "failed", "seconds")
	for _, line := range conformanceLines(c.Checks) {
		t.AppendRow(line)
	}
	t.Render()
}

// conformanceLines counts the checks below each check at the top.
func conformanceLines(checks []selftest.Check) (lines []table.Row) {
	at, below, failed := map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range checks {
		top, _, deep := strings.Cut(c.Name, "/")
		if !deep {
			at[top] = len(lines)
			lines = append(lines, table.Row{top, shout(c.Outcome), "", "", fmt.Sprintf("%.2f", c.Seconds)})
			continue
		}
		below[top]++
		if c.Outcome == selftest.Failed {
			failed[top]++
		}
	}
	for top, n := range below {
		if i, ok := at[top]; ok {
			lines[i][2], lines[i][3] = n, failed[top]
		}
	}
	return lines
}

// showNumerics has a line for each kernel and types.
func showNumerics(w io.Writer, n *selftest.Numerics) {
	t := newTable(w, "Numbers, compared with the cpu device", 3, "kernel", "types of A, B, C", "result", "cases", "greatest error*", "of the bound", "at")
	for _, s := range selftest.Summarise(n.Cases) {
		t.AppendRow(table.Row{s.Kernel, s.Types, shout(s.Outcome), s.Cases, fmt.Sprintf("%.3g", s.Units), fmt.Sprintf("%.1f%%", 100*s.OfBound), s.Shape})
	}
	t.Render()
	fmt.Fprintln(w, "* in roundings of C's type, relative to sum|a||b| of its row; softmax: to the element")
	for _, b := range n.Bounds {
		fmt.Fprintln(w, text.WrapSoft("  "+b, 110))
	}
}

// showCrowd tells of the run through the scheduler.
func showCrowd(w io.Writer, c *selftest.Crowd) {
	a, balance, bits := c.Audit, "balances", "the same bits as alone"
	if !c.Balances {
		balance = "DOES NOT BALANCE"
	}
	if !c.SameBits {
		bits = "NOT THE SAME BITS AS ALONE"
	}
	numbers := fmt.Sprintf("greatest error %.1f%% of the bound; %s", 100*c.OfBound, bits)
	if len(c.Untested) > 0 {
		numbers = "NOT TESTED: " + strings.Join(c.Untested, "; ")
	}
	fmt.Fprintf(w, "scheduler  one job alone and %d of %d callers, in %d batches: %s\n", c.Jobs, c.Callers, c.Batches, numbers)
	fmt.Fprintf(w, "audit      submitted %d = done %d + failed %d + cancelled %d + expired %d + rejected %d + in flight %d: %s\n",
		a.Submitted, a.Done, a.Failed, a.Cancelled, a.Expired, a.Rejected, a.InFlight, balance)
}

func showParts(w io.Writer, r *selftest.Report) {
	t := newTable(w, "Self-test of "+r.DeviceName(), 2, "part", "result", "seconds")
	for _, p := range r.Parts {
		t.AppendRow(table.Row{string(p.Part), shout(p.Outcome), fmt.Sprintf("%.1f", p.Seconds)})
	}
	t.Render()
}
