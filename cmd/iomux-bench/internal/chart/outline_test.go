package chart

import (
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// TestOutlinesAreAsWideAsMeasured compares the right edge of the outline with the width that the
// layout uses.
func TestOutlinesAreAsWideAsMeasured(t *testing.T) {
	face := plot.DefaultTextHandler.Cache().Lookup(small.Font, small.Font.Size)
	for _, text := range []string{"10 000", "100 µs", "Poller on epoll", "AVAW: 10 % of n, 3 × AMD"} {
		at := vg.Point{X: 7, Y: 11}
		left, right, bottom := vg.Length(1e9), vg.Length(0), vg.Length(1e9)
		for _, part := range outlineOf(face, at, text) {
			if part.Type != vg.CloseComp {
				left, right, bottom = min(left, part.Pos.X), max(right, part.Pos.X), min(bottom, part.Pos.Y)
			}
		}
		width := small.Width(text)
		if left < at.X || left > at.X+2 || right > at.X+width || right < at.X+width-2 || bottom < at.Y-3 {
			t.Errorf("%q starts at %v, ends at %v, and is %v wide; its lowest point is %v", text, left, right, width, bottom)
		}
	}
}
