package chart

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"iomux/cmd/iomux-bench/internal/measure"
)

// legend holds the entries below the panels, from left to right, in as many lines as they need.
type legend [][]plot.Legend

const (
	sampleWidth = 44 * vg.Length(1)
	gap         = 24 * vg.Length(1)
)

var legendLine = 1.7 * normal.Font.Size

func newLegend(r *measure.Result, width vg.Length) legend {
	lines := legend{nil}
	var used vg.Length
	for _, m := range r.Mechanisms {
		s := styleOf(m.Name, m.Native)
		one := plot.NewLegend()
		one.TextStyle = normal
		one.ThumbnailWidth = sampleWidth
		one.Left, one.Top = true, true
		one.Add(m.Label(), &plotter.Line{LineStyle: s.line()}, &plotter.Scatter{GlyphStyle: s.point()})
		last := len(lines) - 1
		if used+widthOf(one) > width && len(lines[last]) > 0 {
			lines, used = append(lines, nil), 0
			last++
		}
		lines[last] = append(lines[last], one)
		used += widthOf(one) + gap
	}
	return lines
}

func widthOf(one plot.Legend) vg.Length { return one.Rectangle(draw.Canvas{}).Size().X }

func (l legend) height() vg.Length { return vg.Length(len(l)) * legendLine }

// draw draws the legend from the upper left corner of c.
func (l legend) draw(c draw.Canvas) {
	for i, line := range l {
		var used vg.Length
		for _, one := range line {
			one.Draw(draw.Crop(c, used, 0, 0, -vg.Length(i)*legendLine))
			used += widthOf(one) + gap
		}
	}
}

// wrap breaks a line at spaces into lines of at most the given width.
func wrap(line string, style text.Style, width vg.Length) []string {
	var lines []string
	for word := range strings.FieldsSeq(line) {
		last := len(lines) - 1
		if last >= 0 && style.Width(lines[last]+" "+word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
