package show

import (
	"errors"

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

// moments returns the windows that count, by stage.
func moments(r *loadtest.Results) (all [][]moment) {
	start := 0.0
	for _, stage := range r.Windows {
		end, out := 0.0, []moment(nil)
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
		if len(out) > 0 {
			all = append(all, out)
		}
	}
	return all
}

// addMoments adds two lines for each stage of a run, the second dashed.
func addMoments(p *plot.Plot, r *loadtest.Results, run int, of func(m *moment) (solid, dashed float64)) (drawn bool, err error) {
	name := r.Info.Name
	for _, stage := range moments(r) {
		var lines [2]plotter.XYs
		for i := range stage {
			a, b := of(&stage[i])
			if a > 0 { // otherwise there is nothing to tell
				lines[0] = append(lines[0], plotter.XY{X: stage[i].at, Y: a})
				lines[1] = append(lines[1], plotter.XY{X: stage[i].at, Y: b})
			}
		}
		err = errors.Join(addLine(p, "", lines[1], colour(run), dashed), addLine(p, name, lines[0], colour(run), nil))
		if err != nil {
			return drawn, err
		}
		if len(lines[0]) > 0 {
			name, drawn = "", true // one entry of the legend
		}
	}
	return drawn, nil
}

func throughputOverTime(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Jobs over time (dashed: sent)", "seconds", "jobs done a second")
	drawn, err := overTime(p, runs, func(m *moment) (float64, float64) {
		s := m.window.Length.Seconds()
		return float64(m.done) / s, float64(m.window.Sent) / s
	})
	if !drawn || err != nil {
		return nil, err
	}
	fromZero(p)
	return p, nil
}

func latencyOverTime(runs []*loadtest.Results) (*plot.Plot, error) {
	p := newPlot("Latency over time (dashed: median)", "seconds", "latency, p99")
	drawn, err := overTime(p, runs, func(m *moment) (float64, float64) {
		if m.latency.Count() == 0 {
			return 0, 0
		}
		return inMs(m.latency.Quantile(0.99)), inMs(m.latency.Quantile(0.5))
	})
	if !drawn || err != nil {
		return nil, err
	}
	logTime(p)
	return p, nil
}

func overTime(p *plot.Plot, runs []*loadtest.Results, of func(m *moment) (solid, dashed float64)) (drawn bool, err error) {
	p.X.Min = 0
	for i, r := range runs {
		d, err := addMoments(p, r, i, of)
		if err != nil {
			return drawn, err
		}
		drawn = drawn || d
	}
	return drawn, nil
}
