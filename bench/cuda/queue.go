package main

import (
	"fmt"
	"strings"
)

// ofQueue divides figures into those of a queue by itself and the others, of
// kernels.
func ofQueue(all []figure) (queue, kernels []figure) {
	for _, f := range all {
		if op, _, _ := f.parts(); op == "Queue" {
			queue = append(queue, f)
		} else {
			kernels = append(kernels, f)
		}
	}
	return queue, kernels
}

// queues is a table of what a queue does by itself, by names such as
// Queue/4096x4096/N20/depth=3/factors.
func queues(all []figure) string {
	var b strings.Builder
	b.WriteString("The queue by itself, fed with vectors in the caller's memory (`BenchmarkQueue`); how long the GPU works at a batch and is idle by its own clock:\n\n")
	b.WriteString("| matrix | vectors a batch | batches at a time | µs a batch | the GPU's | idle | vectors/s |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for i := range all {
		f := &all[i]
		_, matrix, what := f.parts()
		vectors, rest, _ := strings.Cut(what, "/")
		depth, more, _ := strings.Cut(rest, "/")
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n",
			strings.TrimSuffix(matrix+", "+more, ", "), strings.TrimPrefix(vectors, "N"), strings.TrimPrefix(depth, "depth="),
			decimal(f, nanoseconds, 1e-3, ""), decimal(f, microseconds, 1, ""), decimal(f, "%idle", 1, " %"), cell(f, "vectors/s"))
	}
	return b.String()
}

// decimal shows a metric in another unit, with one decimal.
func decimal(f *figure, unit string, times float64, as string) string {
	if x, ok := f.metric(unit); ok {
		return fmt.Sprintf("%.1f%s", x*times, as)
	}
	return ""
}
