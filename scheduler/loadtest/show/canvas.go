package show

import (
	"html/template"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// What pages about other measurements draw with, so that all look alike.

// NewPlot returns an empty picture with a grid.
func NewPlot(title, x, y string) *plot.Plot { return newPlot(title, x, y) }

// SVG draws a picture, to be put into a page.
func SVG(p *plot.Plot) (template.HTML, error) { return svg(p) }

// SVGOf draws a picture of another height than the usual.
func SVGOf(p *plot.Plot, height vg.Length) (template.HTML, error) { return svgOf(p, height) }

// AddLine adds a line, with points if there are few; the name is for the
// legend in the picture, "" for none.
func AddLine(p *plot.Plot, name string, xys plotter.XYs, c color.RGBA, dash bool) error {
	if len(xys) == 0 {
		return nil
	}
	var dashes []vg.Length
	if dash {
		dashes = dashed
	}
	if err := (&chart{Plot: p}).line("", xys, c, dashes); err != nil || name == "" {
		return err
	}
	p.Legend.Add(name, sample{c, dashes})
	return nil
}

// sample draws a piece of a line in a legend.
type sample struct {
	color  color.RGBA
	dashes []vg.Length
}

// Thumbnail implements plot.Thumbnailer.
func (s sample) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(draw.LineStyle{Color: s.color, Width: vg.Points(1.5), Dashes: s.dashes}, c.Min.X, y, c.Max.X, y)
}

// Colour returns one of several colours that everybody can tell apart.
func Colour(i int) color.RGBA { return colour(i) }

// LogTime makes the vertical axis one of times in logarithms; values are
// milliseconds.
func LogTime(p *plot.Plot) { logTime(p) }
