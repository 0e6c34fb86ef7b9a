package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// style is the look of a mechanism in every chart. Colour, dashes and shape each identify it.
type style struct {
	color  color.Color
	dashes []vg.Length
	glyph  glyph
}

// styleOf returns the style of a mechanism, or a neutral one for an unknown name.
func styleOf(mechanism string, native bool) style {
	s, ok := styles[mechanism]
	if !ok {
		s = style{color: color.Gray{Y: 0x60}}
	}
	s.glyph.hollow = !native
	return s
}

// styles maps the name of a mechanism to its style. Readers with any colour vision can distinguish
// the colours, which are those of Okabe and Ito.
var styles = map[string]style{
	"select":  {color.RGBA{0xd5, 0x5e, 0x00, 0xff}, []vg.Length{10, 3}, glyph{}},
	"poll":    {color.RGBA{0xe6, 0x9f, 0x00, 0xff}, []vg.Length{5, 2.5}, glyph{points: 4, turn: 0.125}},
	"epoll":   {color.RGBA{0x00, 0x72, 0xb2, 0xff}, []vg.Length{1.5, 2}, glyph{points: 3}},
	"kqueue":  {color.RGBA{0x00, 0x9e, 0x73, 0xff}, []vg.Length{9, 3, 1.5, 3}, glyph{points: 4}},
	"devpoll": {color.RGBA{0xcc, 0x79, 0xa7, 0xff}, []vg.Length{9, 3, 1.5, 3, 1.5, 3}, glyph{points: 3, turn: 0.5}},
	"poller":  {color.Black, nil, glyph{points: 5, waist: 0.45}},
}

// glyph is a regular polygon or a star, or a circle if it has no points. Emulated mechanisms have
// hollow glyphs.
type glyph struct {
	points int
	turn   float64 // in full turns; 0 puts a point at the top
	waist  float64 // inner radius of a star, relative to the outer one
	hollow bool
}

// DrawGlyph draws the glyph with a rim, to separate overlapping glyphs.
func (g glyph) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	path := g.path(at, style.Radius)
	inside, rim, width := style.Color, color.Color(color.White), vg.Points(0.5)
	if g.hollow {
		inside, rim, width = color.White, style.Color, vg.Points(1.2)
	}
	c.SetColor(inside)
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: rim, Width: width})
	c.Stroke(path)
}

func (g glyph) path(at vg.Point, radius vg.Length) vg.Path {
	var path vg.Path
	if g.points == 0 {
		path.Move(vg.Point{X: at.X + radius*0.9, Y: at.Y})
		path.Arc(at, radius*0.9, 0, 2*math.Pi)
		path.Close()
		return path
	}
	for i := range 2 * g.points {
		r := radius
		if i%2 == 1 {
			if g.waist == 0 {
				continue
			}
			r *= vg.Length(g.waist)
		}
		sin, cos := math.Sincos(2 * math.Pi * (0.25 + g.turn + float64(i)/float64(2*g.points)))
		corner := vg.Point{X: at.X + r*vg.Length(cos), Y: at.Y + r*vg.Length(sin)}
		if i == 0 {
			path.Move(corner)
		} else {
			path.Line(corner)
		}
	}
	path.Close()
	return path
}
