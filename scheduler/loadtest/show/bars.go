package show

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot"
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
func batchSizes(runs []*loadtest.Results) (*plot.Plot, error) {
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
	var labels []string
	for i := range most {
		low, high := 1<<i/2+1, 1<<i
		if label := strconv.Itoa(high); low < high {
			labels = append(labels, strconv.Itoa(low)+"-"+label)
		} else {
			labels = append(labels, label)
		}
	}
	p := newPlot("Batches by size", "jobs in a batch", "% of batches")
	return p, addBars(p, runs, groups, labels)
}

// decisions has the jobs of each run by the kernel that was chosen.
func decisions(runs []*loadtest.Results) (*plot.Plot, error) {
	var labels []string
	index := map[string]int{}
	groups := make([][]float64, len(runs))
	for i, r := range runs {
		for _, v := range variants(batches(r)) {
			at, known := index[v.name]
			if !known {
				at = len(labels)
				index[v.name] = at
				labels = append(labels, v.name)
			}
			for len(groups[i]) <= at {
				groups[i] = append(groups[i], 0)
			}
			groups[i][at] = float64(v.jobs)
		}
	}
	if len(labels) == 0 {
		return nil, nil
	}
	p := newPlot("Decisions by kernel", "", "% of jobs")
	if len(labels) > 4 { // they would run into each other
		p.X.Tick.Label.Rotation = 0.5
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = -1, -0.5
	}
	return p, addBars(p, runs, groups, labels)
}

// addBars adds a group of bars for each label, a bar for each run, in percent
// of the run's sum.
func addBars(p *plot.Plot, runs []*loadtest.Results, groups [][]float64, labels []string) error {
	room := (pictureWidth - 3*vg.Centimeter) / vg.Length(len(labels))
	width := min(room*0.8/vg.Length(len(runs)), vg.Centimeter)
	for i, values := range groups {
		percent := make(plotter.Values, len(labels))
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		for j, v := range values {
			percent[j] = 100 * v / sum
		}
		bars, err := plotter.NewBarChart(percent, width)
		if err != nil {
			return fmt.Errorf("show: %s: %w", p.Title.Text, err)
		}
		bars.Color, bars.LineStyle.Width = colour(i), 0
		bars.Offset = width * (vg.Length(i) - vg.Length(len(groups)-1)/2)
		p.Add(bars)
		p.Legend.Add(runs[i].Info.Name, bars)
	}
	p.Legend.Left = false
	p.NominalX(labels...)
	p.X.Min, p.X.Max = -0.6, float64(len(labels))-0.4
	p.Y.Min, p.Y.Max = 0, 100+8*float64(len(runs)) // room for the legend
	p.Y.Tick.Marker = plot.ConstantTicks{
		{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"},
	}
	return nil
}
