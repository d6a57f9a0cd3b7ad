package show

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colours can be told apart by everybody (Okabe and Ito).
var colours = []color.RGBA{
	{0, 114, 178, 255},
	{213, 94, 0, 255},
	{0, 158, 115, 255},
	{204, 121, 167, 255},
	{230, 159, 0, 255},
	{86, 180, 233, 255},
	{0, 0, 0, 255},
	{140, 140, 140, 255},
}

func colour(i int) color.RGBA { return colours[i%len(colours)] }

const (
	pictureWidth  = 16 * vg.Centimeter
	pictureHeight = 9 * vg.Centimeter
)

// newPlot returns an empty picture.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font = sans(12)
	p.Title.Padding = vg.Points(6)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font = sans(10), sans(9)
		a.Label.Padding = vg.Points(3)
		a.Tick.Marker = plot.TickerFunc(roundTicks)
	}
	p.Legend.TextStyle.Font = sans(9)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = vg.Points(2)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// roundTicks are at most nine, 1, 2 or 5 times a power of ten apart.
func roundTicks(low, high float64) (ticks []plot.Tick) {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 6, 64)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/8)))
	for _, times := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*times) <= 8 {
			step *= times
			break
		}
	}
	for i := int(math.Ceil(low/step - 1e-9)); float64(i)*step <= high+step*1e-9; i++ {
		v := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)})
	}
	return ticks
}

func sans(size float64) font.Font { return font.From(font.Font{Variant: "Sans"}, vg.Points(size)) }

// svg draws a picture.
func svg(p *plot.Plot) (template.HTML, error) { return svgOf(p, pictureHeight) }

func svgOf(p *plot.Plot, height vg.Length) (template.HTML, error) {
	c := vgsvg.New(pictureWidth, height)
	p.Draw(draw.New(c))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return "", err
	}
	_, drawing, found := bytes.Cut(out.Bytes(), []byte("<svg"))
	if !found {
		return "", fmt.Errorf("show: the picture %q is no svg", p.Title.Text)
	}
	return template.HTML("<svg" + string(drawing)), nil
}

// addLine adds a line, with points if there are few. One without a name is not in
// the picture's legend.
func addLine(p *plot.Plot, name string, xys plotter.XYs, c color.Color, dashes []vg.Length) error {
	if len(xys) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return fmt.Errorf("show: line %q: %w", name, err)
	}
	line.Color, line.Width, line.Dashes = c, vg.Points(1.5), dashes
	p.Add(line)
	if len(xys) <= 40 {
		points.Color, points.Shape, points.Radius = c, draw.CircleGlyph{}, vg.Points(2)
		if len(dashes) > 0 {
			points.Shape = draw.RingGlyph{}
		}
		p.Add(points)
	}
	if name != "" {
		p.Legend.Add(name, line)
	}
	return nil
}

var dashed = []vg.Length{vg.Points(4), vg.Points(3)}

// logTime makes the vertical axis one of times, in logarithms. Values are
// milliseconds.
func logTime(p *plot.Plot) {
	p.Y.Scale = plot.LogScale{}
	p.Y.Min = math.Pow(10, math.Floor(math.Log10(p.Y.Min)))
	p.Y.Max = math.Pow(10, math.Ceil(math.Log10(p.Y.Max)+1e-9))
	p.Y.Tick.Marker = plot.TickerFunc(func(low, high float64) (ticks []plot.Tick) {
		for v := math.Pow(10, math.Floor(math.Log10(low)+1e-9)); v <= high*1.0001; v *= 10 {
			ticks = append(ticks, plot.Tick{Value: v, Label: milliseconds(v)})
			for i := 2.0; i < 10 && i*v < high; i++ {
				ticks = append(ticks, plot.Tick{Value: i * v})
			}
		}
		return ticks
	})
}

func milliseconds(v float64) string {
	switch {
	case v >= 1000:
		return strconv.FormatFloat(v/1000, 'g', 4, 64) + " s"
	case v < 1:
		return strconv.FormatFloat(v*1000, 'g', 4, 64) + " µs"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + " ms"
}

// inMs returns a time for a logarithmic axis: at least a microsecond.
func inMs(d time.Duration) float64 { return max(1e-3, float64(d)/float64(time.Millisecond)) }

// fromZero makes the vertical axis start at 0, with some room on top.
func fromZero(p *plot.Plot) {
	p.Y.Min = 0
	p.Y.Max = max(p.Y.Max*1.15, 1e-9)
}
