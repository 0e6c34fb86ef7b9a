package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// style is how a mechanism looks in every chart, told apart by colour, dashes and shape alike.
type style struct {
	color  color.Color
	dashes []vg.Length
	glyph  glyph
}

// styles has a neutral one for names that it does not know.
func styleOf(mechanism string, native bool) style {
	s, ok := styles[mechanism]
	if !ok {
		s = style{color: color.Gray{Y: 0x60}}
	}
	s.glyph.hollow = !native
	return s
}

// The colours are those that Okabe and Ito chose for readers of any colour vision.
var styles = map[string]style{
	"select":  {color.RGBA{0xd5, 0x5e, 0x00, 0xff}, []vg.Length{10, 3}, glyph{}},
	"poll":    {color.RGBA{0xe6, 0x9f, 0x00, 0xff}, []vg.Length{5, 2.5}, glyph{points: 4, turn: 0.125}},
	"epoll":   {color.RGBA{0x00, 0x72, 0xb2, 0xff}, []vg.Length{1.5, 2}, glyph{points: 3}},
	"kqueue":  {color.RGBA{0x00, 0x9e, 0x73, 0xff}, []vg.Length{9, 3, 1.5, 3}, glyph{points: 4}},
	"devpoll": {color.RGBA{0xcc, 0x79, 0xa7, 0xff}, []vg.Length{9, 3, 1.5, 3, 1.5, 3}, glyph{points: 3, turn: 0.5}},
	"poller":  {color.Black, nil, glyph{points: 5, waist: 0.45}},
}

// glyph is a regular polygon or a star; without points it is a circle. Hollow ones are of what is
// emulated.
type glyph struct {
	points int
	turn   float64 // in turns, from a point at the top
	waist  float64 // of a star: its inner radius as a part of the outer one
	hollow bool
}

// DrawGlyph draws it with a rim, so that glyphs that lie on each other can be told apart.
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
