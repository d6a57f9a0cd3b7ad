package show

import (
	"cmp"
	"html/template"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// pictures draws everything that there is to see.
func pictures(runs []*loadtest.Results) (out []template.HTML, err error) {
	for _, draw := range []func([]*loadtest.Results) (*plot.Plot, error){
		latencyAgainstRate, percentiles, throughputOverTime, latencyOverTime, batchSizes, decisions,
	} {
		p, err := draw(runs)
		if err != nil {
			return nil, err
		}
		if p == nil { // nothing is known
			continue
		}
		drawing, err := svg(p)
		if err != nil {
			return nil, err
		}
		out = append(out, drawing)
	}
	return out, nil
}

// latencyAgainstRate has the median and the 99th percentile of every stage.
func latencyAgainstRate(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Latency against rate", "jobs done a second", "latency")
	drawn := false
	for i, r := range runs {
		all := withLatency(r.Summaries())
		slices.SortFunc(all, func(a, b *loadtest.Summary) int { return cmp.Compare(a.Throughput, b.Throughput) })
		var medians, tails plotter.XYs
		for _, s := range all {
			medians = append(medians, plotter.XY{X: s.Throughput, Y: inMs(s.Intended.Quantile(0.5))})
			tails = append(tails, plotter.XY{X: s.Throughput, Y: inMs(s.Intended.Quantile(0.99))})
		}
		drawn = drawn || len(all) > 0
		if err := addLine(p, r.Info.Name+" p99", tails, colour(i), nil); err != nil {
			return nil, err
		}
		if err := addLine(p, r.Info.Name+" p50", medians, colour(i), dashed); err != nil {
			return nil, err
		}
	}
	if !drawn {
		return nil, nil
	}
	p.X.Min = 0
	p.X.Max *= 1.05
	logTime(p)
	return p, nil
}

func withLatency(all []*loadtest.Summary) (out []*loadtest.Summary) {
	for _, s := range all {
		if s.Intended.Count() > 0 {
			out = append(out, s)
		}
	}
	return out
}

// percentiles has the whole distribution of every stage: from when jobs were
// due, and dashed from when they were sent. The axis gives each nine the same
// room.
func percentiles(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Latency by percentile (dashed: from when jobs were sent)", "percentile", "latency")
	most, lines := 10.0, 0
	for _, r := range runs {
		for _, s := range withLatency(r.Summaries()) {
			name := s.Name
			if len(runs) > 1 {
				name = r.Info.Name + " " + name
			}
			most = max(most, float64(s.Intended.Count()))
			if err := addLine(p, name, curve(&s.Intended), colour(lines), nil); err != nil {
				return nil, err
			}
			if err := addLine(p, "", curve(&s.Actual), colour(lines), dashed); err != nil {
				return nil, err
			}
			lines++
		}
	}
	if lines == 0 {
		return nil, nil
	}
	p.Legend.Top, p.Legend.Left = false, false // where no line goes
	p.X.Scale, p.X.Min, p.X.Max = plot.LogScale{}, 1, most
	p.X.Tick.Marker = plot.ConstantTicks{
		{Value: 1, Label: "0"},
		{Value: 2, Label: "50"},
		{Value: 10, Label: "90"},
		{Value: 100, Label: "99"},
		{Value: 1e3, Label: "99.9"},
		{Value: 1e4, Label: "99.99"},
		{Value: 1e5, Label: "99.999"},
		{Value: 1e6, Label: "99.9999"},
	}
	logTime(p)
	return p, nil
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
