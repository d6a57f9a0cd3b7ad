package tune

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"gain": GainText, "yes": func(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] },
}).Parse(pageText))

// HTML writes one page with pictures and tables. It loads nothing from
// elsewhere.
func HTML(w io.Writer, p *profile.Profile) error {
	data := struct {
		*profile.Profile
		Variables []profile.Variable
		Rows      [][4]string
		Pictures  []template.HTML
		Times     []template.HTML
	}{Profile: p, Variables: p.Settings.Variables(), Rows: TrialRows(p)}
	var err error
	if data.Pictures, data.Times, err = pictures(p); err != nil {
		return err
	}
	return page.Execute(w, data)
}

// GainText writes a gain with its interval.
func GainText(g profile.Gain) string {
	switch {
	case g.Rounds == 0:
		return "-"
	case g.Rounds < leastRounds:
		return fmt.Sprintf("%.3fx (%d rounds)", g.Median, g.Rounds)
	}
	return fmt.Sprintf("%.3fx (%.3f to %.3f)", g.Median, g.Low, g.High)
}

// TrialRows are the settings that were tried with callers: the variable, its
// default, what was found and why.
func TrialRows(p *profile.Profile) (rows [][4]string) {
	if p.Settings.QueueDepth != nil {
		why := "the device takes no more than one batch at a time"
		if best, ok := bestTrial(p, profile.VarQueueDepth); ok {
			why = "the best other one, " + best.Value + ", gives " + GainText(best.Gain)
		}
		rows = append(rows, [4]string{profile.VarQueueDepth, "the device's", fmt.Sprint(*p.Settings.QueueDepth), why})
	}
	if p.Settings.Linger != nil {
		why := "not tried"
		if best, ok := bestTrial(p, profile.VarLinger); ok {
			why = "the best other one, " + best.Value + ", gives " + GainText(best.Gain)
		}
		rows = append(rows, [4]string{profile.VarLinger, time.Duration(0).String(), p.Settings.Linger.String(), why})
	}
	return rows
}

// bestTrial returns the value of a variable that gave callers the most.
func bestTrial(p *profile.Profile, variable string) (best profile.Trial, found bool) {
	for _, t := range p.Trials {
		if t.Variable == variable && t.Callers == 0 && (!found || t.Gain.Median > best.Gain.Median) {
			best, found = t, true
		}
	}
	return best, found
}
