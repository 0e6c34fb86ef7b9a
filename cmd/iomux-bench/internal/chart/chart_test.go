package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"

	"iomux/cmd/iomux-bench/internal/measure"
)

// made returns a result with invented times.
func made(t *testing.T, descriptors []int, actives ...string) *measure.Result {
	t.Helper()
	r := &measure.Result{
		Machine:     measure.Machine{System: "Testix 1.0 z80", Processor: "<Processor> & co", CPUs: 3, Go: "go1.26", Load: 0.25},
		Sources:     "pipes",
		Started:     time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC),
		Descriptors: descriptors,
		Mechanisms: []measure.Mechanism{{Name: "select", Native: true}, {Name: "poll", Native: true}, {Name: "epoll", Native: true},
			{Name: "kqueue"}, {Name: "devpoll"}, {Name: "poller", By: "epoll", Native: true}},
		Workloads: []measure.Workload{{}},
		LeftOut:   []string{"20000 pipes: " + strings.Repeat("there are too few of them, ", 20)},
		Rounds:    3,
	}
	for _, text := range actives {
		active, err := measure.ParseActive(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Workloads = append(r.Workloads, measure.Workload{Ring: true, Active: active})
	}
	for i, w := range r.Workloads {
		for j, n := range descriptors {
			for k, m := range r.Mechanisms {
				middle := float64(100 * (i + 1) * (j + 1) * (k + 1))
				r.Rows = append(r.Rows, &measure.Row{Workload: w, Descriptors: n, Active: 1, Mechanism: m, Times: []float64{middle, middle / 2, middle * 2}})
			}
		}
	}
	return r
}

// textOf returns all text of a picture, and checks that it is valid XML.
func textOf(t *testing.T, picture []byte) string {
	t.Helper()
	var all strings.Builder
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			_, _ = all.Write(text)
		}
	}
}

func TestSVGDescribesTheMeasurement(t *testing.T) {
	r := made(t, []int{10, 100, 1000, 20000}, "1", "10%", "100%")
	var picture bytes.Buffer
	if err := SVG(&picture, r); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(textOf(t, picture.Bytes())), " ")
	for _, want := range []string{
		"Bare wait, 1 of n ready", r.Workloads[2].Title(), "n: pipes waited on", "time per wait", "time per event",
		"1 µs", "10 µs", "100", "10 000", // the axes
		"select", "kqueue (emulated)", "devpoll (emulated)", "Poller on epoll",
		"Testix 1.0 z80, 3 × <Processor> & co, go1.26", "10 May 2026", "3 interleaved rounds", "load average before: 0.25",
		"Left out: 20000 pipes: there are too few of them,",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
	if got := strings.Count(text, "there are too few of them,"); got != 20 {
		t.Errorf("the picture has %d of the 20 parts of the note", got)
	}
	for _, dashes := range []string{"10,3", "5,2.5", "1.5,2", "9,3,1.5,3", "9,3,1.5,3,1.5,3"} {
		// Each panel and the legend have one such line.
		if got := bytes.Count(picture.Bytes(), []byte("stroke-dasharray:"+dashes+`"`)); got != len(r.Workloads)+1 {
			t.Errorf("%d lines have the dashes %s, want one for each panel and the legend", got, dashes)
		}
	}
	for _, needsFont := range []string{"<text", "font-family"} {
		if bytes.Contains(picture.Bytes(), []byte(needsFont)) {
			t.Errorf("the picture has %s, which looks different without the font", needsFont)
		}
	}
}

func TestPNGHasEveryLine(t *testing.T) {
	r := made(t, []int{10, 1000})
	var picture bytes.Buffer
	if err := PNG(&picture, r); err != nil {
		t.Fatal(err)
	}
	drawn, err := png.Decode(&picture)
	if err != nil {
		t.Fatal(err)
	}
	if size := drawn.Bounds().Size(); size.X < 800 || size.Y < 600 {
		t.Errorf("%v is too small to be read", size)
	}
	dots, ok := drawn.(*image.RGBA)
	if !ok {
		t.Fatalf("a picture of type %T", drawn)
	}
	for _, m := range r.Mechanisms {
		if red, green, blue, _ := styleOf(m.Name, m.Native).color.RGBA(); !bytes.Contains(dots.Pix, []byte{byte(red), byte(green), byte(blue), 255}) {
			t.Errorf("nothing has the colour of %s", m.Name)
		}
	}
}

func TestChartsOfAnyShape(t *testing.T) {
	for _, c := range []struct {
		descriptors []int
		actives     []string
	}{
		{[]int{10}, []string{"1"}}, {[]int{1, 1000000}, []string{"1", "2"}}, {[]int{7, 9}, []string{"1", "2", "3", "4"}},
	} {
		r := made(t, c.descriptors, c.actives...)
		if len(c.actives) == 1 { // the ring was not measured
			r.LeftOut, r.Mechanisms, r.Rows = nil, r.Mechanisms[:1], r.Rows[:1]
		}
		var picture bytes.Buffer
		if err := SVG(&picture, r); err != nil {
			t.Fatal(err)
		}
		text := textOf(t, picture.Bytes())
		for _, w := range r.Workloads {
			if !strings.Contains(text, w.Title()) {
				t.Errorf("%+v: no panel %q", c, w.Title())
			}
		}
	}
}

func TestNoResultsAreAnError(t *testing.T) {
	r := made(t, []int{10})
	r.Rows = nil
	if err := SVG(io.Discard, r); err == nil {
		t.Error("SVG drew an empty picture")
	}
}

// TestStylesDifferWithoutColour checks that each mechanism has its own dashes, shape and colour.
func TestStylesDifferWithoutColour(t *testing.T) {
	seen := map[string]string{}
	for _, m := range measure.All() {
		s, ok := styles[m.Name]
		if !ok {
			t.Errorf("%s has no style", m.Name)
		}
		for _, look := range []string{fmt.Sprintf("dashes %v", s.dashes), fmt.Sprintf("shape %+v", s.glyph), fmt.Sprintf("colour %v", s.color)} {
			if other := seen[look]; other != "" {
				t.Errorf("%s and %s both have %s", other, m.Name, look)
			}
			seen[look] = m.Name
		}
		if native, emulated := styleOf(m.Name, true), styleOf(m.Name, false); native.glyph.hollow || !emulated.glyph.hollow {
			t.Errorf("%s: hollow natively: %v, emulated: %v", m.Name, native.glyph.hollow, emulated.glyph.hollow)
		}
	}
}

func TestGlyphsAreWhole(t *testing.T) {
	for name, s := range styles {
		for _, corner := range s.glyph.path(vg.Point{X: 100, Y: 50}, 10) {
			if corner.Type == vg.CloseComp {
				continue
			}
			if d := vg.Length(max(corner.Pos.X-110, 90-corner.Pos.X, corner.Pos.Y-60, 40-corner.Pos.Y)); d > 1e-9 {
				t.Errorf("%s: %v is too far out", name, corner.Pos)
			}
		}
	}
}

func TestTicks(t *testing.T) {
	labels := func(low, high float64, by ticks) []string {
		var all []string
		for _, tick := range by.Ticks(low, high) {
			if tick.Label != "" {
				all = append(all, tick.Label)
			}
		}
		return all
	}
	for _, c := range []struct {
		got, want []string
	}{
		{labels(7, 15000, count), []string{"10", "100", "1000", "10 000"}},
		{labels(60, 300, count), []string{"100", "200"}},
		{labels(1, 2e6, count), []string{"1", "10", "100", "1000", "10 000", "100 000", "1 000 000"}},
		{labels(150, 2e9, period), []string{"1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"}},
		{labels(0.5, 6, period), []string{"0.5 ns", "1 ns", "2 ns", "5 ns"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestHTMLHasTheChartAndTheNumbers(t *testing.T) {
	r := made(t, []int{10, 1000}, "100%")
	r.Rows = slices.DeleteFunc(r.Rows, func(row *measure.Row) bool { return row.Mechanism.Name == "poll" && row.Descriptors == 1000 })
	var page bytes.Buffer
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{"<svg", "</svg>", "<title>The cost of waiting on n descriptors: Testix", "&lt;Processor&gt; &amp; co",
		"<th scope=\"col\">kqueue (emulated)</th>", "<td>100 ns <small>75.0 ns to 150 ns</small></td>", "<td>not measured</td>"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, foreign := range []string{"<?xml", "<script", "src=", "href=\"http"} {
		if strings.Contains(text, foreign) {
			t.Errorf("the page has %s, but must need no other file and no script", foreign)
		}
	}
	textOf(t, pictureIn(text))
}

// pictureIn returns the picture in a page.
func pictureIn(page string) []byte {
	return []byte(page[strings.Index(page, "<svg") : strings.Index(page, "</svg>")+len("</svg>")])
}
