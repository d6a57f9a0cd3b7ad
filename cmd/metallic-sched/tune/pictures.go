package tune

import (
	"fmt"
	"html/template"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// crossoverPicture has the gain along the axis with its confidence intervals,
// pale lines of single classes, and where the threshold was and is now.
func crossoverPicture(c *profile.Crossover) (template.HTML, error) {
	p := show.NewPlot(c.Variable, c.Axis, fmt.Sprintf("%s as fast as %s: times", c.Above, c.Below))
	p.Legend.Left = false
	low, high := 0.5, 2.0
	for i, class := range c.Classes {
		var xys plotter.XYs
		for _, g := range class.Gains {
			xys = append(xys, plotter.XY{X: float64(max(g.X, 1)), Y: g.Median})
			low, high = min(low, g.Median), max(high, g.Median)
		}
		line, err := plotter.NewLine(xys)
		if err != nil {
			return "", fmt.Errorf("tune: %s: %w", class.Class, err)
		}
		line.Color, line.Width = pale(show.Colour(i)), vg.Points(0.7)
		p.Add(line)
	}
	var xys plotter.XYs
	for _, g := range c.Points {
		xys = append(xys, plotter.XY{X: float64(max(g.X, 1)), Y: g.Median})
	}
	if err := show.AddLine(p, "all", xys, color.RGBA{A: 255}, false); err != nil {
		return "", err
	}
	if err := addIntervals(p, c.Points); err != nil {
		return "", err
	}
	logAxes(p, float64(c.Points[0].X), float64(c.Points[len(c.Points)-1].X), low, high)
	if err := addThreshold(p, "default", c.Default, show.Colour(7), true); err != nil {
		return "", err
	}
	if err := addThreshold(p, "found", c.Found, show.Colour(1), false); err != nil {
		return "", err
	}
	one := plotter.XYs{{X: p.X.Min, Y: 1}, {X: p.X.Max, Y: 1}}
	line, err := plotter.NewLine(one)
	if err != nil {
		return "", err
	}
	p.Add(line)
	return show.SVG(p)
}

// addIntervals draws the ends of confidence intervals, as far as there are any.
func addIntervals(p *plot.Plot, gains []profile.Gain) error {
	var ends struct {
		plotter.XYs
		plotter.YErrors
	}
	for _, g := range gains {
		if g.Rounds < leastRounds {
			continue
		}
		ends.XYs = append(ends.XYs, plotter.XY{X: float64(max(g.X, 1)), Y: g.Median})
		ends.YErrors = append(ends.YErrors, struct{ Low, High float64 }{g.Median - g.Low, g.High - g.Median})
	}
	if len(ends.XYs) == 0 {
		return nil
	}
	bars, err := plotter.NewYErrorBars(ends)
	if err != nil {
		return fmt.Errorf("tune: confidence intervals: %w", err)
	}
	p.Add(bars)
	return nil
}

// addThreshold draws where a threshold is, if that is in the picture.
func addThreshold(p *plot.Plot, name string, value int, c color.RGBA, dash bool) error {
	x := float64(value)
	if x < p.X.Min || x > p.X.Max {
		x = min(max(x, p.X.Min), p.X.Max) // at the edge
	}
	return show.AddLine(p, fmt.Sprintf("%s: %d", name, value), plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}}, c, dash)
}

// logAxes gives both axes logarithms: of sizes, and of how many times as fast.
func logAxes(p *plot.Plot, left, right, low, high float64) {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Min, p.X.Max = max(left, 1), max(right, 2)
	p.Y.Min, p.Y.Max = low/1.1, high*1.1
	p.X.Tick.Marker, p.Y.Tick.Marker = powersOfTwo, powersOfTwo
}

var powersOfTwo = plot.TickerFunc(func(low, high float64) (ticks []plot.Tick) {
	for v := math.Exp2(math.Ceil(math.Log2(low))); v <= high; v *= 2 {
		ticks = append(ticks, plot.Tick{Value: v, Label: shortened(v)})
	}
	return ticks
})

// shortened writes a power of two, from 32768 on in binary units: 64Ki, 2Mi.
func shortened(v float64) string {
	unit := ""
	switch {
	case v >= 1<<20:
		v, unit = v/(1<<20), "Mi"
	case v >= 1<<15:
		v, unit = v/(1<<10), "Ki"
	}
	return strconv.FormatFloat(v, 'g', 6, 64) + unit
}

func pale(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	half := func(v uint32) uint8 { return uint8(127 + v>>9) }
	return color.RGBA{half(r), half(g), half(b), 255}
}

// curvesPicture has t(N) of every family for one kind of operand.
func curvesPicture(class string, of []profile.Curve) (template.HTML, error) {
	p := show.NewPlot("t(N), "+class, "columns or rows", "device time")
	most := 2.0
	for i, c := range of {
		var xys plotter.XYs
		for _, point := range c.Points {
			xys = append(xys, plotter.XY{X: float64(point.X), Y: max(1e-4, float64(point.Time)/1e6)})
			most = max(most, float64(point.X))
		}
		if err := show.AddLine(p, c.Family, xys, show.Colour(i), false); err != nil {
			return "", err
		}
	}
	show.LogTime(p)
	p.X.Scale, p.X.Min, p.X.Max, p.X.Tick.Marker = plot.LogScale{}, 1, most, powersOfTwo
	return show.SVG(p)
}

// pictures draws every crossover and curve.
func pictures(p *profile.Profile) (crossovers, times []template.HTML, err error) {
	for i := range p.Crossovers {
		c := &p.Crossovers[i]
		if len(c.Points) < 2 {
			continue
		}
		drawing, err := crossoverPicture(c)
		if err != nil {
			return nil, nil, err
		}
		crossovers = append(crossovers, drawing)
	}
	var classes []string
	of := map[string][]profile.Curve{}
	for _, c := range p.Curves {
		if !slices.Contains(classes, c.Class) {
			classes = append(classes, c.Class)
		}
		of[c.Class] = append(of[c.Class], c)
	}
	for _, class := range classes {
		drawing, err := curvesPicture(class, of[class])
		if err != nil {
			return nil, nil, err
		}
		times = append(times, drawing)
	}
	return crossovers, times, nil
}
