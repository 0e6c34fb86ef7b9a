package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// outlines is a canvas for SVG that draws text as paths, so that a picture looks the same without
// the font.
type outlines struct {
	*vgsvg.Canvas
	texts []string // drawn so far
}

// FillString draws text with its baseline starting at point.
func (o *outlines) FillString(face font.Face, point vg.Point, text string) {
	o.texts = append(o.texts, text)
	o.Fill(outlineOf(face, point, text))
}

// WriteTo writes the picture. Its description holds the texts, for readers that do not see the
// paths.
func (o *outlines) WriteTo(w io.Writer) (int64, error) {
	var picture, description bytes.Buffer
	if _, err := o.Canvas.WriteTo(&picture); err != nil {
		return 0, err
	}
	if err := xml.EscapeText(&description, []byte(strings.Join(o.texts, "\n"))); err != nil {
		return 0, err
	}
	start := bytes.Index(picture.Bytes(), []byte("<svg"))
	end := start + bytes.IndexByte(picture.Bytes()[start:], '>') + 1
	n, err := fmt.Fprintf(w, "%s\n<title>%s</title>\n<desc>%s</desc>%s", picture.Bytes()[:end], title, &description, picture.Bytes()[end:])
	return int64(n), err
}

// outlineOf returns the path of text, which is as wide as font.Face.Width measures.
func outlineOf(face font.Face, at vg.Point, text string) vg.Path {
	const hinting = stdfont.HintingNone
	var path vg.Path
	var buffer sfnt.Buffer
	em := fixed.Int26_6(face.Face.UnitsPerEm())
	scale := face.Font.Size / vg.Length(em)
	previous := sfnt.GlyphIndex(0)
	for i, r := range text {
		glyph, err := face.Face.GlyphIndex(&buffer, r)
		if err != nil {
			continue // this does not happen: the embedded font is complete
		}
		if kern, err := face.Face.Kern(&buffer, previous, glyph, em, hinting); i > 0 && err == nil {
			at.X += vg.Length(kern) * scale
		}
		if segments, err := face.Face.LoadGlyph(&buffer, glyph, em, nil); err == nil {
			addGlyph(&path, segments, func(p fixed.Point26_6) vg.Point {
				return vg.Point{X: at.X + vg.Length(p.X)*scale, Y: at.Y - vg.Length(p.Y)*scale}
			})
		}
		if advance, err := face.Face.GlyphAdvance(&buffer, glyph, em, hinting); err == nil {
			at.X += vg.Length(advance) * scale
		}
		previous = glyph
	}
	return path
}

// addGlyph adds the contours of a glyph to path. The function place returns where a point of the
// font lies.
func addGlyph(path *vg.Path, contours sfnt.Segments, place func(fixed.Point26_6) vg.Point) {
	for i, segment := range contours {
		switch p := segment.Args; segment.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(place(p[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(place(p[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(place(p[0]), place(p[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(place(p[0]), place(p[1]), place(p[2]))
		}
	}
	if len(contours) > 0 {
		path.Close()
	}
}
