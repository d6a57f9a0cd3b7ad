package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// result is how a step ended.
type result struct {
	name, what string
	took       time.Duration
	notes      []string
	skipped    string // why it was not done
	err        error
	figures    []figure
	output     string
}

// line says so in one line.
func (r *result) line() string {
	notes := strings.Join(r.notes, "; ")
	switch {
	case r.err != nil:
		return "FAILED: " + strings.TrimSuffix(r.err.Error()+"; "+notes, "; ")
	case r.skipped != "":
		return "NOT DONE: " + r.skipped
	}
	return "passed: " + notes
}

// report is what was run on a machine.
type report struct {
	date    time.Time
	gpu     string
	device  string // what the device says of itself
	results []result
}

var describes = regexp.MustCompile(`(?m)\.go:\d+: (.+: \[sm_.+\])$`)

func (r *report) add(result result) {
	if m := describes.FindStringSubmatch(result.output); m != nil {
		r.device = m[1]
	}
	r.results = append(r.results, result)
}

func (r *report) failed() (all []string) {
	for _, x := range r.results {
		if x.err != nil {
			all = append(all, x.name)
		}
	}
	return all
}

// verdict is the last line.
func (r *report) verdict() string {
	if failed := r.failed(); len(failed) > 0 {
		return fmt.Sprintf("CUDA FAILED: %s (of %d steps)", strings.Join(failed, ", "), len(r.results))
	}
	if len(r.results) == 0 {
		return "CUDA: nothing was run"
	}
	return fmt.Sprintf("CUDA PASSED: %d steps", len(r.results))
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A run of the cuda device\n\nWritten by `make cuda` on %s. GPU: %s.\n", r.date.Format("2006-01-02 15:04 MST"), r.gpu)
	if r.device != "" {
		fmt.Fprintf(&b, "The device says: %s.\n", r.device)
	}
	b.WriteString("\n| what | result | time |\n|---|---|---:|\n")
	for _, x := range r.results {
		fmt.Fprintf(&b, "| `%s`: %s | %s | %.0f s |\n", x.name, x.what, strings.ReplaceAll(x.line(), "|", "\\|"), x.took.Seconds())
	}
	torch := r.figures("torch")
	queue, ours := ofQueue(r.figures("bench"))
	if len(ours) > 0 {
		b.WriteString("\n" + times(ours, torch))
	}
	if len(queue) > 0 {
		b.WriteString("\n" + queues(queue))
	}
	if requests := slices.Concat(r.figures("requests"), others(torch)); len(requests) > 0 {
		b.WriteString("\n" + rates(requests))
	}
	return b.String()
}

func (r *report) figures(step string) []figure {
	for _, x := range r.results {
		if x.name == step {
			return x.figures
		}
	}
	return nil
}

// others are figures without the GPU's time.
func others(all []figure) (left []figure) {
	for _, f := range all {
		if _, ok := f.metric(microseconds); !ok {
			left = append(left, f)
		}
	}
	return left
}

// times is a table of the GPU's time, ours and PyTorch's, and of the geometric
// means of their ratios.
func times(ours, torch []figure) string {
	var b strings.Builder
	b.WriteString("The GPU's time, medians. Where PyTorch is faster by more than 5 % the ratio is **bold**.\n\n")
	b.WriteString("| kernel | what | µs | Tflop/s | GB/s | PyTorch, µs | PyTorch / ours |\n|---|---|---:|---:|---:|---:|---:|\n")
	ratios := map[string][]float64{}
	for i := range ours {
		f := &ours[i]
		us, ok := f.metric(microseconds)
		if !ok {
			continue
		}
		_, kernel, what := f.parts()
		fmt.Fprintf(&b, "| `%s` | %s | %.1f | %s | %s |", kernel, strings.ReplaceAll(what, "/", " "), us, cell(f, "Tflop/s"), cell(f, "GB/s"))
		peer, ok := peerOf(f, torch)
		if !ok {
			b.WriteString(" | |\n")
			continue
		}
		ratio := fmt.Sprintf("%.2f", peer/us)
		if peer/us < 0.95 {
			ratio = "**" + ratio + "**"
		}
		fmt.Fprintf(&b, " %.1f | %s |\n", peer, ratio)
		group := "`" + kernel + "`"
		if dtype, _, several := strings.Cut(what, "/"); several {
			group += " " + dtype
		}
		ratios[group] = append(ratios[group], peer/us)
	}
	for i, group := range slices.Sorted(maps.Keys(ratios)) {
		if i == 0 {
			b.WriteString("\nGeometric means of PyTorch's time over ours:\n\n")
		}
		fmt.Fprintf(&b, "- %s: %.2f of %d\n", group, geometric(ratios[group]), len(ratios[group]))
	}
	return b.String()
}

func cell(f *figure, unit string) string {
	if x, ok := f.metric(unit); ok {
		return number(x)
	}
	return ""
}

// rates is a table of other figures.
func rates(all []figure) string {
	var b strings.Builder
	b.WriteString("By the host's clock: requests from end to end, ours (`Vectors`) and PyTorch's:\n\n| what | figures |\n|---|---|\n")
	for _, f := range all {
		var figures []string
		for _, m := range f.metrics {
			figures = append(figures, number(m.value)+" "+m.unit)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(f.name, "/", " "), strings.Join(figures, ", "))
	}
	return b.String()
}

func number(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}
