package ab

import (
	"html/template"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
)

var verdictColours = map[Verdict]color.Color{
	Slower: show.Colour(1),
	Faster: show.Colour(2),
	More:   show.Colour(4),
	Less:   show.Colour(5),
	Equal:  show.Colour(0),
	Unsure: show.Colour(7),
}

var pale = color.Gray{225}

// changesPicture has the change of every row with its interval, and shaded what
// does not matter.
func changesPicture(r *Report) (template.HTML, error) {
	labels, _ := r.Labels()
	p := show.NewPlot("Change of b against a", r.Unit+", %", "")
	low, high := -100*r.Least, 100*r.Least
	names := make([]string, len(labels))
	band, err := plotter.NewPolygon(rectangle(low, high, -0.6, float64(len(names))-0.4))
	if err != nil {
		return "", err
	}
	band.Color, band.LineStyle.Width = pale, 0
	p.Add(band)
	for i := range r.Rows {
		at := len(r.Rows) - 1 - i // the first on top
		row := &r.Rows[at]
		names[i] = labels[at] + "  " + string(row.Verdict)
		if err := addChange(p, row, float64(i)); err != nil {
			return "", err
		}
		low, high = min(low, 100*row.Change.Mid), max(high, 100*row.Change.Mid)
		if !row.Change.Open() {
			low, high = min(low, 100*row.Change.Low), max(high, 100*row.Change.High)
		}
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = low-0.05*(high-low), high+0.05*(high-low)
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	return show.SVGOf(p, vg.Centimeter*vg.Length(3+0.6*float64(len(names))))
}

func rectangle(x0, x1, y0, y1 float64) plotter.XYs {
	return plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// addChange draws one row; one whose interval is open has none.
func addChange(p *plot.Plot, row *Row, y float64) error {
	point, err := plotter.NewScatter(plotter.XYs{{X: 100 * row.Change.Mid, Y: y}})
	if err != nil {
		return err
	}
	point.Color, point.Shape, point.Radius = verdictColours[row.Verdict], draw.CircleGlyph{}, vg.Points(3)
	p.Add(point)
	if row.Change.Open() {
		return nil
	}
	line, err := plotter.NewLine(plotter.XYs{{X: 100 * row.Change.Low, Y: y}, {X: 100 * row.Change.High, Y: y}})
	if err != nil {
		return err
	}
	line.Color, line.Width = verdictColours[row.Verdict], vg.Points(2)
	p.Add(line)
	return nil
}

// pairsPicture has the change of each pair of one row, in the order in which
// they ran, with the median: it shows drift, outliers and busy neighbours.
func pairsPicture(r *Report, row *Row, label string) (template.HTML, error) {
	p := show.NewPlot(label, "pair", "change, %")
	xys := make(plotter.XYs, len(row.Pairs))
	for i, change := range row.Pairs {
		xys[i] = plotter.XY{X: float64(i + 1), Y: 100 * change}
	}
	points, err := plotter.NewScatter(xys)
	if err != nil {
		return "", err
	}
	points.Color, points.Shape, points.Radius = verdictColours[row.Verdict], draw.CircleGlyph{}, vg.Points(2)
	middle := plotter.NewFunction(func(float64) float64 { return 100 * row.Change.Mid })
	middle.Color, middle.Width = verdictColours[row.Verdict], vg.Points(1.5)
	none := plotter.NewFunction(func(float64) float64 { return 0 })
	none.Color = color.Gray{120}
	p.Add(none, middle, points)
	p.X.Min, p.X.Max = 0, float64(len(xys)+1)
	least := 100 * r.Least
	p.Y.Min, p.Y.Max = min(p.Y.Min, -least), max(p.Y.Max, least)
	return show.SVGOf(p, 6*vg.Centimeter)
}

// changesOf returns b / a - 1 of each pair.
func changesOf(p *pairs) []float64 {
	out := p.changes()
	for i := range out {
		out[i] = math.Expm1(out[i])
	}
	return out
}
