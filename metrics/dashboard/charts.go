package dashboard

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-analyze/charts"
)

// chart draws one picture as SVG.
type chart func(d *Dashboard, look look) ([]byte, error)

// look is how a viewer wants charts.
type look struct {
	width, height int // pixels
	theme         charts.ColorPalette
}

var drawings = map[string]chart{
	"jobs":    (*Dashboard).drawJobs,
	"busy":    (*Dashboard).drawBusy,
	"sizes":   (*Dashboard).drawSizes,
	"latency": (*Dashboard).drawLatency,
}

func (d *Dashboard) drawJobs(l look) ([]byte, error) {
	return l.line("jobs/s", d.series(func(s second) float64 { return float64(s.jobs) }))
}

func (d *Dashboard) drawBusy(l look) ([]byte, error) {
	return l.line("device busy, %", d.series(func(s second) float64 { return min(100, 100*s.device.Seconds()) }))
}

func (d *Dashboard) drawLatency(l look) ([]byte, error) {
	return l.line("longest wait of a job, ms", d.series(func(s second) float64 {
		return float64(s.oldest) / float64(time.Millisecond)
	}))
}

const shownSeconds = 120

func (d *Dashboard) series(value func(second) float64) []float64 {
	d.mu.Lock()
	seconds := d.history.last(d.now(), shownSeconds)
	d.mu.Unlock()
	values := make([]float64, len(seconds))
	for i, s := range seconds {
		values[i] = value(s)
	}
	return values
}

func (l look) line(title string, values []float64) ([]byte, error) {
	opt := charts.NewLineChartOptionWithData([][]float64{values})
	opt.Theme = l.theme
	opt.Title = charts.TitleOption{Text: title, FontStyle: charts.FontStyle{FontSize: 11}}
	opt.Legend.Show = charts.Ptr(false)
	opt.Padding = charts.NewBoxEqual(8)
	opt.Symbol.Shape = charts.SymbolNone
	opt.FillArea, opt.FillOpacity = charts.Ptr(true), 60
	opt.XAxis.Labels = secondsAgo(len(values))
	opt.XAxis.LabelCount = 5
	opt.YAxis[0].Min = charts.Ptr(0.0)
	p := l.painter()
	if err := p.LineChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

func secondsAgo(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf("-%d s", n-i)
	}
	return labels
}

func (d *Dashboard) drawSizes(l look) ([]byte, error) {
	d.mu.Lock()
	sizes := d.sizes
	d.mu.Unlock()
	values, labels := sizes.bars()
	opt := charts.NewBarChartOptionWithData([][]float64{values})
	opt.Theme = l.theme
	opt.Title = charts.TitleOption{Text: "batches by jobs in them", FontStyle: charts.FontStyle{FontSize: 11}}
	opt.Legend.Show = charts.Ptr(false)
	opt.Padding = charts.NewBoxEqual(8)
	opt.CategoryAxis.Labels = labels
	p := l.painter()
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

// bars returns the counts up to the largest batch seen, and their ranges.
func (s *sizes) bars() (values []float64, labels []string) {
	last := 0
	for i, n := range s {
		if n > 0 {
			last = i
		}
	}
	for i := range last + 1 {
		values = append(values, float64(s[i]))
		labels = append(labels, sizeRange(i))
	}
	return values, labels
}

func sizeRange(i int) string {
	low, high := 1<<i/2+1, 1<<i
	switch {
	case i == len(sizes{})-1:
		return strconv.Itoa(low) + "+"
	case low >= high:
		return strconv.Itoa(high)
	}
	return fmt.Sprintf("%d-%d", low, high)
}

func (l look) painter() *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: l.width, Height: l.height, Theme: l.theme,
	})
}

var transparent = charts.Color{}

// theme returns the colours for a light or a dark page.
func theme(dark bool) charts.ColorPalette {
	name := charts.ThemeLight
	if dark {
		name = charts.ThemeDark
	}
	return charts.GetTheme(name).WithBackgroundColor(transparent)
}
