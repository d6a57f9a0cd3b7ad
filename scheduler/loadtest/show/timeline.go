package show

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// moment is a window at its place in the run: stages come one after another.
type moment struct {
	at      float64 // the middle of the window, in seconds
	window  *loadtest.Window
	latency loadtest.Histogram
	done    int64
}

// moments returns the windows that count.
func moments(r *loadtest.Results) (out []moment) {
	start := 0.0
	for _, stage := range r.Windows {
		end := 0.0
		for _, w := range stage {
			end = (w.Start + w.Length).Seconds()
			if w.Warm || w.Drain || w.Length == 0 {
				continue
			}
			m := moment{at: start + w.Start.Seconds() + w.Length.Seconds()/2, window: w}
			for i := range w.Kinds {
				m.latency.Merge(&w.Kinds[i].Intended)
				m.done += w.Kinds[i].Done
			}
			out = append(out, m)
		}
		start += end
	}
	return out
}

func throughputOverTime(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Jobs over time (dashed: sent)", "seconds", "jobs a second")
	drawn := false
	for i, r := range runs {
		var done, sent plotter.XYs
		for _, m := range moments(r) {
			done = append(done, plotter.XY{X: m.at, Y: float64(m.done) / m.window.Length.Seconds()})
			sent = append(sent, plotter.XY{X: m.at, Y: float64(m.window.Sent) / m.window.Length.Seconds()})
		}
		drawn = drawn || len(done) > 0
		if err := addLine(p, r.Info.Name, done, colour(i), nil); err != nil {
			return nil, err
		}
		if err := addLine(p, "", sent, colour(i), dashed); err != nil {
			return nil, err
		}
	}
	if !drawn {
		return nil, nil
	}
	p.X.Min = 0
	fromZero(p)
	return p, nil
}

func latencyOverTime(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Latency over time (dashed: median)", "seconds", "latency, p99")
	drawn := false
	for i, r := range runs {
		var tails, medians plotter.XYs
		for _, m := range moments(r) {
			if m.latency.Count() > 0 {
				tails = append(tails, plotter.XY{X: m.at, Y: inMs(m.latency.Quantile(0.99))})
				medians = append(medians, plotter.XY{X: m.at, Y: inMs(m.latency.Quantile(0.5))})
			}
		}
		drawn = drawn || len(tails) > 0
		if err := addLine(p, r.Info.Name, tails, colour(i), nil); err != nil {
			return nil, err
		}
		if err := addLine(p, "", medians, colour(i), dashed); err != nil {
			return nil, err
		}
	}
	if !drawn {
		return nil, nil
	}
	p.X.Min = 0
	logTime(p)
	return p, nil
}
