package show

import (
	"fmt"
	"html/template"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// chart is a picture and what its colours mean. That stands below it, where no
// line goes and there is room for any number.
type chart struct {
	*plot.Plot
	Legend []entry
	Note   string // what is not drawn
}

// entry is a line of the legend.
type entry struct {
	Name   string
	Colour template.CSS
	Dashed bool
}

func newChart(title, x, y string) *chart { return &chart{Plot: newPlot(title, x, y)} }

func (c *chart) explain(name string, of color.RGBA, dashes []vg.Length) {
	c.Legend = append(c.Legend, entry{name, template.CSS(fmt.Sprintf("#%02x%02x%02x", of.R, of.G, of.B)), len(dashes) > 0})
}

// line adds a line. One without a name is not in the legend.
func (c *chart) line(name string, xys plotter.XYs, of color.RGBA, dashes []vg.Length) error {
	if err := addLine(c.Plot, "", xys, of, dashes); err != nil {
		return fmt.Errorf("%w, of %s", err, name)
	}
	if name != "" && len(xys) > 0 {
		c.explain(name, of, dashes)
	}
	return nil
}

// shade is a colour for the i-th of n things alike: the last has the colour
// itself, those before are paler.
func shade(c color.RGBA, i, n int) color.RGBA {
	const palest = 0.65
	white := palest * float64(n-1-i) / float64(max(1, n-1))
	mix := func(v uint8) uint8 { return uint8(float64(v)*(1-white) + 255*white) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}
