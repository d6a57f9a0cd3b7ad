package show

import (
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// batches returns all batches of a run.
func batches(r *loadtest.Results) (all []loadtest.BatchCount) {
	for _, s := range r.Summaries() {
		all = append(all, s.Batches...)
	}
	return all
}

// batchSizes has the batches of each run by the number of their jobs.
func batchSizes(runs []*loadtest.Results) (*chart, error) {
	var groups [][]float64
	most := 0
	for _, r := range runs {
		counts := sizes(batches(r))
		groups = append(groups, counts)
		most = max(most, len(counts))
	}
	if most == 0 {
		return nil, nil
	}
	labels := []string{"1", "2"}[:min(2, most)]
	for i := 2; i < most; i++ {
		labels = append(labels, strconv.Itoa(1<<(i-1)+1)+"+") // up to the next
	}
	c := newChart("Batches by size", "jobs in a batch", "% of batches")
	top, err := c.bars(runs, groups, len(labels), false)
	c.NominalX(labels...)
	c.X.Min, c.X.Max = -0.6, float64(len(labels))-0.4
	c.Y.Min, c.Y.Max = 0, top
	return c, err
}

// mostKernels is how many there is room for.
const mostKernels = 12

// decisions has the jobs of each run by the kernel that was chosen, those with
// the most jobs on top.
func decisions(runs []*loadtest.Results) (*chart, error) {
	shares := map[string][]float64{} // of each run
	for i, r := range runs {
		for _, v := range variants(batches(r)) {
			if shares[v.name] == nil {
				shares[v.name] = make([]float64, len(runs))
			}
			shares[v.name][i] = float64(v.jobs)
		}
	}
	if len(shares) == 0 {
		return nil, nil
	}
	names := byJobs(shares)
	c := newChart("Decisions by kernel", "% of jobs", "")
	if more := len(names) - mostKernels; more > 0 {
		c.Note = fmt.Sprintf("and %d kernels with fewer jobs", more)
		names = names[:mostKernels]
	}
	slices.Reverse(names) // the axis goes up
	groups := make([][]float64, len(runs))
	for i := range runs {
		for _, name := range names {
			groups[i] = append(groups[i], shares[name][i])
		}
	}
	top, err := c.bars(runs, groups, len(names), true)
	c.NominalY(names...)
	c.Y.Min, c.Y.Max = -0.6, float64(len(names))-0.4
	c.X.Min, c.X.Max = 0, top
	return c, err
}

// byJobs returns the names, those with the most jobs of all runs first.
func byJobs(shares map[string][]float64) []string {
	total := func(name string) (sum float64) {
		for _, x := range shares[name] {
			sum += x
		}
		return sum
	}
	names := sorted(shares)
	slices.SortStableFunc(names, func(a, b string) int { return int(total(b) - total(a)) })
	return names
}

// bars adds a group of bars for each label, a bar for each run, in percent of
// the run's sum. It returns where the axis may end.
func (c *chart) bars(runs []*loadtest.Results, groups [][]float64, labels int, lying bool) (top float64, err error) {
	room := (pictureWidth - 3*vg.Centimeter) / vg.Length(labels)
	if lying {
		room = (pictureHeight - 2*vg.Centimeter) / vg.Length(labels)
	}
	width := min(room*0.8/vg.Length(len(runs)), vg.Centimeter)
	for i, counts := range groups {
		values := percent(counts, labels)
		bars, err := plotter.NewBarChart(values, width)
		if err != nil {
			return 0, fmt.Errorf("show: %s: %w", c.Title.Text, err)
		}
		bars.Color, bars.LineStyle.Width, bars.Horizontal = colour(i), 0, lying
		bars.Offset = width * (vg.Length(i) - vg.Length(len(groups)-1)/2)
		if lying { // the first run on top
			bars.Offset = -bars.Offset
		}
		c.Add(bars)
		c.explain(runs[i].Info.Name, colour(i), nil)
		top = max(top, slices.Max(values))
	}
	return min(100, top*1.05), nil
}

func percent(counts []float64, n int) plotter.Values {
	out, sum := make(plotter.Values, n), 0.0
	for _, x := range counts {
		sum += x
	}
	for i, x := range counts {
		if sum > 0 {
			out[i] = 100 * x / sum
		}
	}
	return out
}
