package show

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// picture is a chart, drawn.
type picture struct {
	*chart
	Drawing template.HTML
}

// pictures draws everything that there is to see.
func pictures(runs []*loadtest.Results) (out []picture, err error) {
	for _, draw := range []func([]*loadtest.Results) (*chart, error){
		latencyAgainstRate, percentiles, throughputOverTime, latencyOverTime, batchSizes, decisions,
	} {
		c, err := draw(runs)
		if err != nil {
			return nil, err
		}
		if c == nil { // nothing is known
			continue
		}
		drawing, err := svg(c.Plot)
		if err != nil {
			return nil, err
		}
		out = append(out, picture{c, drawing})
	}
	return out, nil
}

// latencyAgainstRate has the median and the 99th percentile of every stage.
func latencyAgainstRate(runs []*loadtest.Results) (*chart, error) {
	c := newChart("Latency against rate", "jobs done a second", "latency")
	for i, r := range runs {
		all := withLatency(r.Summaries())
		if r.Info.Loop == loadtest.LoopSearch { // what was tried again counted for nothing
			all = slices.DeleteFunc(all, func(s *loadtest.Summary) bool { return len(s.Problems) > 0 })
		}
		slices.SortFunc(all, func(a, b *loadtest.Summary) int { return cmp.Compare(a.Throughput, b.Throughput) })
		var medians, tails plotter.XYs
		for _, s := range all {
			medians = append(medians, plotter.XY{X: s.Throughput, Y: inMs(s.Intended.Quantile(0.5))})
			tails = append(tails, plotter.XY{X: s.Throughput, Y: inMs(s.Intended.Quantile(0.99))})
		}
		err := errors.Join(c.line(r.Info.Name+" p99", tails, colour(i), nil), c.line(r.Info.Name+" p50", medians, colour(i), dashed))
		if err != nil {
			return nil, err
		}
	}
	if len(c.Legend) == 0 {
		return nil, nil
	}
	c.X.Min = 0
	c.X.Max *= 1.05
	logTime(c.Plot)
	return c, nil
}

func withLatency(all []*loadtest.Summary) (out []*loadtest.Summary) {
	for _, s := range all {
		if s.Intended.Count() > 0 {
			out = append(out, s)
		}
	}
	return out
}

// mostCurves is how many can be told apart.
const mostCurves = 9

// percentiles has the whole distribution of every stage: from when jobs were
// due, and dashed from when they were sent. The axis gives each nine the same
// room.
func percentiles(runs []*loadtest.Results) (*chart, error) {
	c := newChart("Latency by percentile (dashed: from when jobs were sent)", "percentile", "latency")
	most, left := 10.0, 0
	for i, r := range runs {
		all := withLatency(ofInterest(r))
		for j, s := range all {
			if len(c.Legend) == mostCurves {
				left++
				continue
			}
			name, of := s.Name, colour(j)
			if len(runs) > 1 {
				name, of = r.Info.Name+" "+name, shade(colour(i), j, len(all))
			}
			most = max(most, float64(s.Intended.Count()))
			if err := errors.Join(c.line("", curve(&s.Actual), of, dashed), c.line(name, curve(&s.Intended), of, nil)); err != nil {
				return nil, err
			}
		}
	}
	if len(c.Legend) == 0 {
		return nil, nil
	}
	if left > 0 {
		c.Note = fmt.Sprintf("and %d more stages, see the table", left)
	}
	c.X.Scale, c.X.Min, c.X.Max = plot.LogScale{}, 1, most
	c.X.Tick.Marker = plot.ConstantTicks{
		{Value: 1, Label: "0"},
		{Value: 2, Label: "50"},
		{Value: 10, Label: "90"},
		{Value: 100, Label: "99"},
		{Value: 1e3, Label: "99.9"},
		{Value: 1e4, Label: "99.99"},
		{Value: 1e5, Label: "99.999"},
		{Value: 1e6, Label: "99.9999"},
	}
	logTime(c.Plot)
	return c, nil
}

// ofInterest are the stages of a run; of a search those between which its limit
// lies.
func ofInterest(r *loadtest.Results) []*loadtest.Summary {
	if r.Info.Loop != loadtest.LoopSearch {
		return r.Summaries()
	}
	var all []*loadtest.Summary
	for _, s := range []*loadtest.Summary{r.Best(), r.Limit()} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// curve returns quantile q at 1/(1-q), as far as there are jobs to tell it.
func curve(h *loadtest.Histogram) (xys plotter.XYs) {
	const perNine = 24
	for i := 0; ; i++ {
		x := math.Pow(10, float64(i)/perNine)
		if x > float64(h.Count()) {
			return xys
		}
		xys = append(xys, plotter.XY{X: x, Y: inMs(h.Quantile(1 - 1/x))})
	}
}
