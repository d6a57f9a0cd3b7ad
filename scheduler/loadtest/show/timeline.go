package show

import (
	"errors"

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

// overTime adds two lines for each stage of each run, the second dashed.
func (c *chart) overTime(runs []*loadtest.Results, of func(m *moment) (solid, dashed float64)) error {
	c.X.Min = 0
	for i, r := range runs {
		name := r.Info.Name
		for _, stage := range moments(r) {
			var lines [2]plotter.XYs
			for j := range stage {
				a, b := of(&stage[j])
				if a > 0 { // otherwise there is nothing to tell
					lines[0] = append(lines[0], plotter.XY{X: stage[j].at, Y: a})
					lines[1] = append(lines[1], plotter.XY{X: stage[j].at, Y: b})
				}
			}
			if err := errors.Join(c.line("", lines[1], colour(i), dashed), c.line(name, lines[0], colour(i), nil)); err != nil {
				return err
			}
			if len(lines[0]) > 0 {
				name = "" // one entry of the legend
			}
		}
	}
	return nil
}

func throughputOverTime(runs []*loadtest.Results) (*chart, error) {
	c := newChart("Jobs over time (dashed: sent)", "seconds", "jobs done a second")
	err := c.overTime(runs, func(m *moment) (float64, float64) {
		s := m.window.Length.Seconds()
		return float64(m.done) / s, float64(m.window.Sent) / s
	})
	if len(c.Legend) == 0 || err != nil {
		return nil, err
	}
	fromZero(c.Plot)
	return c, nil
}

func latencyOverTime(runs []*loadtest.Results) (*chart, error) {
	c := newChart("Latency over time (dashed: median)", "seconds", "latency, p99")
	err := c.overTime(runs, func(m *moment) (float64, float64) {
		if m.latency.Count() == 0 {
			return 0, 0
		}
		return inMs(m.latency.Quantile(0.99)), inMs(m.latency.Quantile(0.5))
	})
	if len(c.Legend) == 0 || err != nil {
		return nil, err
	}
	logTime(c.Plot)
	return c, nil
}
