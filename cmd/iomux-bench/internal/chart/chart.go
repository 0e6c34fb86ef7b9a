// Package chart draws results: one panel for each workload, with one line for each mechanism.
package chart

import (
	"errors"
	"image/color"
	"io"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"iomux/cmd/iomux-bench/internal/measure"
)

const (
	panelWidth  = 390 * vg.Length(1)
	panelHeight = 270 * vg.Length(1)
	margin      = 14 * vg.Length(1)
	columns     = 2
	resolution  = 150 // of a PNG, in dots per inch
)

// SVG draws the chart as a vector picture. It needs no font.
func SVG(w io.Writer, r *measure.Result) error {
	page, err := newPage(r)
	if err != nil {
		return err
	}
	canvas := &outlines{Canvas: vgsvg.NewWith(vgsvg.UseWH(page.width, page.height))}
	page.draw(draw.New(canvas))
	_, err = canvas.WriteTo(w)
	return err
}

// PNG draws the chart as a bitmap.
func PNG(w io.Writer, r *measure.Result) error {
	page, err := newPage(r)
	if err != nil {
		return err
	}
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(page.width, page.height), vgimg.UseDPI(resolution))}
	page.draw(draw.New(canvas))
	_, err = canvas.WriteTo(w)
	return err
}

// page holds the parts of the picture, from top to bottom: title, panels, legend, caption.
type page struct {
	width, height vg.Length
	panels        [][]*plot.Plot
	headings      []string
	legend        legend
	caption       []string
}

func newPage(r *measure.Result) (*page, error) {
	if len(r.Rows) == 0 {
		return nil, errors.New("there are no results to draw")
	}
	p := new(page)
	used := min(columns, len(r.Workloads))
	p.width = vg.Length(used)*panelWidth + 2*margin
	p.legend = newLegend(r, p.width-2*margin)
	for i, w := range r.Workloads {
		if i%used == 0 {
			p.panels = append(p.panels, make([]*plot.Plot, used))
		}
		panel, err := newPanel(r, w)
		if err != nil {
			return nil, err
		}
		p.panels[i/used][i%used] = panel
		p.headings = append(p.headings, w.Title())
	}
	for _, line := range caption(r) {
		p.caption = append(p.caption, wrap(line, small, p.width-2*margin)...)
	}
	p.height = titleHeight + vg.Length(len(p.panels))*panelHeight + p.legend.height() + p.captionHeight() + 4*margin
	return p, nil
}

var (
	titleHeight   = 1.8 * large.Font.Size
	headingHeight = 0.9 * middle.Font.Size
	captionLine   = 1.4 * small.Font.Size
)

func (p *page) captionHeight() vg.Length { return vg.Length(len(p.caption)) * captionLine }

func (p *page) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	c.FillText(large, vg.Point{X: c.Min.X, Y: c.Max.Y - 0.8*large.Font.Size}, title)

	below := p.captionHeight()
	for i, line := range p.caption {
		c.FillText(small, vg.Point{X: c.Min.X, Y: c.Min.Y + below - small.Font.Size - vg.Length(i)*captionLine}, line)
	}
	below += margin + p.legend.height()
	p.legend.draw(draw.Crop(c, 0, 0, 0, below-c.Size().Y))
	below += margin

	tiles := draw.Tiles{Rows: len(p.panels), Cols: len(p.panels[0]), PadTop: headingHeight, PadX: 2 * margin, PadY: headingHeight + 2*margin}
	for i, row := range plot.Align(p.panels, tiles, draw.Crop(c, 0, 0, below, -titleHeight)) {
		for j, tile := range row {
			if panel := p.panels[i][j]; panel != nil {
				panel.Draw(tile)
				data := panel.DataCanvas(tile)
				c.FillText(middle, vg.Point{X: data.Min.X, Y: data.Max.Y + middle.Font.Size*0.7}, p.headings[i*len(row)+j])
			}
		}
	}
}

const title = "The cost of waiting on n descriptors"

// caption returns the lines that describe the measurement.
func caption(r *measure.Result) []string {
	lines := []string{r.Machine.String(), r.Method() + " Bars show the quartiles."}
	for _, what := range r.LeftOut {
		lines = append(lines, "Left out: "+what+".")
	}
	return lines
}

// These sizes stay readable when a picture of two columns is shown 800 pixels wide.
var (
	large  = textStyle(15, stdfont.WeightBold)
	middle = textStyle(12.5, stdfont.WeightBold)
	normal = textStyle(11.5, stdfont.WeightNormal)
	small  = textStyle(10, stdfont.WeightNormal)
)

func textStyle(size vg.Length, weight stdfont.Weight) text.Style {
	return text.Style{
		Color:   color.Black,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: size},
		Handler: plot.DefaultTextHandler,
	}
}
