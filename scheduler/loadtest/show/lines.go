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
// were done. ns/op is the median latency, from when jobs were due.
func Lines(w io.Writer, runs []*loadtest.Results) error {
	out := &strings.Builder{}
	for _, unit := range []string{"p90-ns/op", "p99-ns/op"} {
		fmt.Fprintf(out, "Unit %s better=lower\n", unit)
	}
	fmt.Fprintln(out, "Unit jobs/s better=higher")
	for _, run := range runs {
		for _, r := range rows(run) {
			if r.Done == 0 {
				continue
			}
			fmt.Fprintf(out, "BenchmarkLoad/run=%s/stage=%s-%d %d %d ns/op %d p90-ns/op %d p99-ns/op %.1f jobs/s\n",
				inName.Replace(r.Run), inName.Replace(r.Stage), run.Info.CPUs, r.Done, r.P50, r.P90, r.P99, r.Throughput)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
