package ab

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// WritePage writes one page of HTML with pictures of the report, and text,
// which says the same in words. It loads nothing from elsewhere.
func (r *Report) WritePage(w io.Writer, text string) (err error) {
	data := struct {
		Text    string
		Changes template.HTML
		Pairs   []template.HTML
	}{Text: text}
	if data.Changes, err = changesPicture(r); err != nil {
		return err
	}
	labels, _ := r.Labels()
	for i := range r.Rows {
		picture, err := pairsPicture(r, &r.Rows[i], labels[i])
		if err != nil {
			return err
		}
		data.Pairs = append(data.Pairs, picture)
	}
	return page.Execute(w, data)
}
