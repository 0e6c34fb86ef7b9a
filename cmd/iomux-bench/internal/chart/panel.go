package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"iomux/cmd/iomux-bench/internal/measure"
)

// newPanel returns the chart of one workload. The axes of all panels have the same ranges.
func newPanel(r *measure.Result, w measure.Workload) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text = "n: " + r.Sources + " waited on"
	p.Y.Label.Text = "time per " + w.Operation()
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(count), ticks(period)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale = plot.LogScale{}
		axis.Label.TextStyle = centred(normal)
		axis.Label.Padding = 4
		axis.Tick.Label.Font = normal.Font
		axis.Tick.Length = 4
		axis.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color = color.Gray{Y: 0xd4}
	grid.Vertical.Color = color.Gray{Y: 0xd4}
	p.Add(grid)
	for _, m := range r.Mechanisms {
		if err := addLine(p, r, w, m); err != nil {
			return nil, err
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = bounds(r)
	return p, nil
}

func centred(style text.Style) text.Style {
	style.XAlign, style.YAlign = draw.XCenter, draw.YBottom
	return style
}

// addLine adds the medians of a mechanism with bars between the quartiles.
func addLine(p *plot.Plot, r *measure.Result, w measure.Workload, m measure.Mechanism) error {
	var medians struct {
		plotter.XYs
		plotter.YErrors
	}
	for _, n := range r.Descriptors {
		if row := r.Find(w, n, m.Name); row != nil {
			median := row.Median()
			medians.XYs = append(medians.XYs, plotter.XY{X: float64(n), Y: median})
			medians.YErrors = append(medians.YErrors, struct{ Low, High float64 }{median - row.Low(), row.High() - median})
		}
	}
	if len(medians.XYs) == 0 {
		return nil // the caption lists it as left out
	}
	line, points, err := plotter.NewLinePoints(medians.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(medians)
	if err != nil {
		return err
	}
	s := styleOf(m.Name, m.Native)
	line.LineStyle, points.GlyphStyle = s.line(), s.point()
	bars.Color, bars.Width, bars.CapWidth = s.color, 0.9, 5
	p.Add(line, bars, points)
	return nil
}

func (s style) line() draw.LineStyle {
	return draw.LineStyle{Color: s.color, Width: vg.Points(1.6), Dashes: s.dashes}
}

func (s style) point() draw.GlyphStyle {
	return draw.GlyphStyle{Color: s.color, Radius: vg.Points(4.5), Shape: s.glyph}
}

// bounds returns the bounds of all workloads, with room for the glyphs.
func bounds(r *measure.Result) (left, right, bottom, top float64) {
	left, bottom = math.Inf(1), math.Inf(1)
	for _, row := range r.Rows {
		left, right = min(left, float64(row.Descriptors)), max(right, float64(row.Descriptors))
		bottom, top = min(bottom, row.Low()), max(top, row.High())
	}
	return left / 1.5, right * 1.5, bottom / 1.4, top * 1.4
}
