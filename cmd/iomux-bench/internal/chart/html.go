package chart

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"

	"iomux/cmd/iomux-bench/internal/measure"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"time": measure.Time}).Parse(pageText))

// HTML writes a page that holds the chart and the numbers, and needs nothing else.
func HTML(w io.Writer, r *measure.Result) error {
	var picture bytes.Buffer
	if err := SVG(&picture, r); err != nil {
		return err
	}
	_, drawn, _ := bytes.Cut(picture.Bytes(), []byte("?>")) // within a page it is no document of its own
	return pageTemplate.Execute(w, struct {
		*measure.Result
		Title string
		Chart template.HTML
	}{r, title, template.HTML(drawn)})
}
