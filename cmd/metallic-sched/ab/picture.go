package ab

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours that everybody can tell apart (Okabe and Ito).
var verdictColours = map[Verdict]color.Color{
	Slower: color.RGBA{213, 94, 0, 255},
	Faster: color.RGBA{0, 158, 115, 255},
	More:   color.RGBA{230, 159, 0, 255},
	Less:   color.RGBA{86, 180, 233, 255},
	Equal:  color.RGBA{0, 114, 178, 255},
	Unsure: color.Gray{150},
}

var pale = color.Gray{225}

// changesPicture has the change of every row with its interval, and shaded what
// does not matter.
func changesPicture(r *Report) (template.HTML, error) {
	labels, shared := r.Labels()
	p := newPicture("Change of b against a  "+shared, r.Unit+", %", "")
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
	return svg(p, vg.Centimeter*vg.Length(3+0.6*float64(len(names))))
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
	p := newPicture(label, "pair", "change, %")
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
	return svg(p, 6*vg.Centimeter)
}

func newPicture(title, x, y string) *plot.Plot {
	sans := func(size float64) font.Font { return font.From(font.Font{Variant: "Sans"}, vg.Points(size)) }
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font, p.Title.Padding = sans(12), vg.Points(6)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font, a.Label.Padding = sans(10), sans(9), vg.Points(3)
		a.Tick.Marker = plot.TickerFunc(plainTicks)
	}
	return p
}

// plainTicks are the usual ones, without needless digits.
func plainTicks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 4, 64)
		}
	}
	return ticks
}

func svg(p *plot.Plot, height vg.Length) (template.HTML, error) {
	c := vgsvg.New(18*vg.Centimeter, height)
	p.Draw(draw.New(c))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return "", err
	}
	_, drawing, found := bytes.Cut(out.Bytes(), []byte("<svg"))
	if !found {
		return "", fmt.Errorf("ab: the picture %q is no svg", p.Title.Text)
	}
	return template.HTML("<svg" + string(drawing)), nil
}

// changesOf returns b / a - 1 of each pair.
func changesOf(p *pairs) []float64 {
	out := p.changes()
	for i := range out {
		out[i] = math.Expm1(out[i])
	}
	return out
}
