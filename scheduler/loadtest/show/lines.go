package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// inName makes a word a part of a benchmark's name.
var inName = strings.NewReplacer("/", "-per-", " ", "_", "\t", "_", "\n", "_")

// Lines writes a line in the Go benchmark format for each stage in which jobs
// were done or lost. ns/op is the median latency, from when jobs were due. A job
// that was lost counts as endlessly late, or else who loses most would be
// fastest; a percentile that is endless is left out.
func Lines(w io.Writer, runs []*loadtest.Results) error {
	out := &strings.Builder{}
	for _, unit := range []string{"p90-ns/op", "p99-ns/op"} {
		fmt.Fprintf(out, "Unit %s better=lower\n", unit)
	}
	fmt.Fprintln(out, "Unit jobs/s better=higher")
	fmt.Fprintln(out, "Unit lost/op better=lower")
	for _, run := range runs {
		for _, s := range run.Summaries() {
			line(out, &run.Info, s)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func line(out *strings.Builder, info *loadtest.RunInfo, s *loadtest.Summary) {
	lost := s.Outcomes.Lost()
	all := s.Outcomes.Done + lost
	if all == 0 {
		return
	}
	fmt.Fprintf(out, "BenchmarkLoad/run=%s/stage=%s-%d %d", inName.Replace(info.Name), inName.Replace(s.Name), info.CPUs, all)
	for _, p := range []struct {
		q    float64
		unit string
	}{{0.5, "ns/op"}, {0.9, "p90-ns/op"}, {0.99, "p99-ns/op"}} {
		if d, ok := s.Intended.QuantileWith(p.q, lost); ok {
			fmt.Fprintf(out, " %d %s", d, p.unit)
		}
	}
	fmt.Fprintf(out, " %.1f jobs/s %.6g lost/op\n", s.Throughput, float64(lost)/float64(all))
}
