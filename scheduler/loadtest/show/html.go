package show

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// HTML writes one page with pictures and tables. It loads nothing from
// elsewhere.
func HTML(w io.Writer, runs []*loadtest.Results) error {
	type run struct {
		Name   string
		Failed string
		Warned []string
		Facts  [][2]string
		Tables []template.HTML
	}
	data := struct {
		Runs     []run
		Stages   template.HTML
		Pictures []picture
	}{Stages: template.HTML(stages(runs).RenderHTML())}
	for _, r := range runs {
		one := run{Name: r.Info.Name, Facts: facts(r), Warned: r.Warnings()}
		if err := r.Verdict(); err != nil {
			one.Failed = err.Error()
		}
		for _, t := range parts(r) {
			one.Tables = append(one.Tables, template.HTML(t.RenderHTML())) // go-pretty escapes the cells
		}
		data.Runs = append(data.Runs, one)
	}
	var err error
	if data.Pictures, err = pictures(runs); err != nil {
		return err
	}
	return page.Execute(w, data)
}
