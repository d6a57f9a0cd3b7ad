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
var colours = []color.Color{
	color.RGBA{0, 114, 178, 255},
	color.RGBA{213, 94, 0, 255},
	color.RGBA{0, 158, 115, 255},
	color.RGBA{204, 121, 167, 255},
	color.RGBA{230, 159, 0, 255},
	color.RGBA{86, 180, 233, 255},
	color.RGBA{0, 0, 0, 255},
	color.RGBA{140, 140, 140, 255},
}

func colour(i int) color.Color { return colours[i%len(colours)] }

const (
	pictureWidth  = 16 * vg.Centimeter
	pictureHeight = 9 * vg.Centimeter
)

// newPlot returns an empty picture.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font = sans(12)
	p.Title.Padding = vg.Points(6)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font = sans(10), sans(9)
		a.Label.Padding = vg.Points(3)
		a.Tick.Marker = plot.TickerFunc(plainTicks)
	}
	p.Legend.TextStyle.Font = sans(9)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = vg.Points(2)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// plainTicks are the usual ones, without needless digits.
func plainTicks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 6, 64)
		}
	}
	return ticks
}

func sans(size float64) font.Font { return font.From(font.Font{Variant: "Sans"}, vg.Points(size)) }

// svg draws a picture.
func svg(p *plot.Plot) (template.HTML, error) {
	c := vgsvg.New(pictureWidth, pictureHeight)
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

// addLine adds a line, with points if there are few.
func addLine(p *plot.Plot, name string, xys plotter.XYs, c color.Color, dashes []vg.Length) error {
	if len(xys) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return fmt.Errorf("show: %s: %w", name, err)
	}
	line.Color, line.Width, line.Dashes = c, vg.Points(1.5), dashes
	p.Add(line)
	if len(xys) <= 40 {
		points.Color, points.Shape, points.Radius = c, draw.CircleGlyph{}, vg.Points(2)
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
