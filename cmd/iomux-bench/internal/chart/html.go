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

// HTML writes a page with the chart and the numbers. It needs no other file.
func HTML(w io.Writer, r *measure.Result) error {
	var picture bytes.Buffer
	if err := SVG(&picture, r); err != nil {
		return err
	}
	// A picture inside a page has no XML declaration.
	_, drawn, _ := bytes.Cut(picture.Bytes(), []byte("?>"))
	return pageTemplate.Execute(w, struct {
		*measure.Result
		Title string
		Chart template.HTML
	}{r, title, template.HTML(drawn)})
}
