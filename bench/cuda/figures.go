package main

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// figure is a line of a benchmark.
type figure struct {
	name    string // without Benchmark, and the number of processors
	metrics []metric
}

type metric struct {
	value float64
	unit  string
}

var processors = regexp.MustCompile(`-\d+$`)

// figuresOf reads what go test -bench prints; programs for PyTorch print the
// same.
func figuresOf(output string) (all []figure) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		f := figure{name: processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil && (value != 0 || fields[i+1] != nanoseconds) { // 0: of no interest
				f.metrics = append(f.metrics, metric{value, fields[i+1]})
			}
		}
		all = append(all, f)
	}
	return all
}

func (f *figure) metric(unit string) (float64, bool) {
	for _, m := range f.metrics {
		if m.unit == unit {
			return m.value, true
		}
	}
	return 0, false
}

// parts are what a figure is of: Matmul, a kernel, and f16/4096x4096/N8.
func (f *figure) parts() (op, kernel, what string) {
	op, rest, _ := strings.Cut(f.name, "/")
	if of, ok := strings.CutPrefix(op, "Torch"); ok {
		return of, "", rest
	}
	kernel, what, _ = strings.Cut(rest, "/")
	return op, kernel, what
}

// The units of the GPU's time, and of the host's.
const (
	microseconds = "gpu-µs"
	nanoseconds  = "ns/op"
)

// peerOf returns the time of PyTorch for what a figure is of.
func peerOf(f *figure, peers []figure) (us float64, ok bool) {
	op, _, what := f.parts()
	for i := range peers {
		peerOp, kernel, peerWhat := peers[i].parts()
		if kernel == "" && peerOp == op && peerWhat == what {
			return peers[i].metric(microseconds)
		}
	}
	return 0, false
}

// geometric is the geometric mean.
func geometric(all []float64) float64 {
	sum := 0.0
	for _, x := range all {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(all)))
}
