package show

import (
	"html/template"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// What pages about other measurements draw with, so that all look alike.

// NewPlot returns an empty picture with a grid.
func NewPlot(title, x, y string) *plot.Plot { return newPlot(title, x, y) }

// SVG draws a picture, to be put into a page.
func SVG(p *plot.Plot) (template.HTML, error) { return svg(p) }

// AddLine adds a line, with points if there are few; the name is for the
// legend, "" for none.
func AddLine(p *plot.Plot, name string, xys plotter.XYs, c color.Color, dash bool) error {
	if dash {
		return addLine(p, name, xys, c, dashed)
	}
	return addLine(p, name, xys, c, nil)
}

// Colour returns one of several colours that everybody can tell apart.
func Colour(i int) color.Color { return colour(i) }

// LogTime makes the vertical axis one of times in logarithms; values are
// milliseconds.
func LogTime(p *plot.Plot) { logTime(p) }
