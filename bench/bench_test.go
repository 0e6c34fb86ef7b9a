//go:build linux

package main

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iomux/bench/rival"
)

// TestMain lets the test binary act as the program, which starts itself for rivals written in Go.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "rival" {
		main()
		return
	}
	if err := raiseLimit(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   spread
	}{
		{[]float64{3}, spread{3, 3, 3, 3}},
		{[]float64{4, 1}, spread{1.75, 2.5, 3.25, 4}},
		{[]float64{5, 1, 4, 2, 3}, spread{2, 3, 4, 5}},
		{[]float64{1, 1, 1, 1, 100}, spread{1, 1, 1, 100}},
	} {
		before := slices.Clone(test.values)
		if got := spreadOf(test.values); got != test.want {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
		if !slices.Equal(before, test.values) {
			t.Errorf("spreadOf changed the values to %v, want %v", test.values, before)
		}
	}
	if got := spreadOf(nil); !math.IsNaN(got.median) {
		t.Errorf("the median of no values is %v, want NaN", got.median)
	}
}

// TestRatiosAreOfTheSameRound uses a round in which everything is slow.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	if got := ratios([]float64{10, 200, 30}, []float64{5, 100, 15}); !slices.Equal(got, []float64{2, 2, 2}) {
		t.Errorf("ratios = %v, want [2 2 2]", got)
	}
	if got := ratios([]float64{10, 20}, nil); len(got) != 0 {
		t.Errorf("ratios to no values = %v, want none", got)
	}
}

// measured returns the results of three rounds.
func measured() *results {
	r := newResults()
	r.values[key{"row", "we"}] = map[string][]float64{"cpu": {11, 22, 33}, "early": {0, 0, 1}}
	r.values[key{"other", "we"}] = map[string][]float64{"cpu": {12, 20, 30}}
	r.values[key{"row", "they"}] = map[string][]float64{"cpu": {10, 20, 30}}
	r.rounds["Group"] = 3
	return r
}

func TestVerdicts(t *testing.T) {
	r, we, they := measured(), []key{{"row", "we"}}, &key{"row", "they"}
	for name, test := range map[string]struct {
		check
		want string
	}{
		"below":                    {check{of: we, metric: "cpu", to: they, limit: 1.2}, "reached"},
		"at the limit":             {check{of: we, metric: "cpu", to: they, limit: 1.1}, "reached"},
		"above":                    {check{of: we, metric: "cpu", to: they, limit: 1.09}, "**not reached**"},
		"the greatest of two":      {check{of: append(we, key{"other", "we"}), metric: "cpu", to: they, limit: 1.09}, "**not reached**"},
		"a bound":                  {check{of: we, metric: "cpu", bound: 22, limit: 1}, "reached"},
		"a bound that is exceeded": {check{of: we, metric: "cpu", bound: 21, limit: 1}, "**not reached**"},
		"the median":               {check{of: we, metric: "early", limit: 0}, "reached"},
		"always":                   {check{of: we, metric: "early", limit: 0, always: true}, "**not reached**"},
		"more than another":        {check{of: we, metric: "cpu", less: they, limit: 2}, "reached"},
		"too much more":            {check{of: we, metric: "cpu", less: they, limit: 1.9}, "**not reached**"},
		"more than nobody":         {check{of: we, metric: "cpu", less: &key{"row", "nobody"}, limit: 9}, "not measured"},
		"nobody":                   {check{of: []key{{"row", "nobody"}}, metric: "cpu", limit: 1}, "not measured"},
		"to nobody":                {check{of: we, metric: "cpu", to: &key{"row", "nobody"}, limit: 1}, "not measured"},
		"one of two is missing":    {check{of: append(we, key{"row", "nobody"}), metric: "cpu", limit: 100}, "not measured"},
	} {
		if _, got := test.verdict(r); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := r.of(we[0], "cpu"); !slices.Equal(got, []float64{11, 22, 33}) {
		t.Errorf("verdict changed the results to %v, want [11 22 33]", got)
	}
}

func TestTables(t *testing.T) {
	var g group
	g.add("row", "work", "they", "we", "nobody")
	g.add("other", "work", "they", "we")
	for want, shown := range map[string]table{
		"| | they | we |\n|---|---|---|\n| row | 1 | 1.10 |\n| other | – | – |\n": {metric: "cpu", base: "they"},
		"| row | 2.00 (1.50–2.50) | 2.20 (1.65–2.75) |\n":                         {metric: "cpu", bound: 10},
		"| | we |\n|---|---|\n| row | 0 (0–0.50) |\n":                             {metric: "early"},
	} {
		if got := shown.text(g, measured()); !strings.Contains(got, want) {
			t.Errorf("%+v:\n%s\nwant\n%s", shown, got, want)
		}
	}
	if got := (table{metric: "nothing"}).text(g, measured()); got != "" {
		t.Errorf("a table without values is %q, want none", got)
	}
}

func TestTablesWithoutC(t *testing.T) {
	var g group
	g.add("row", "work", sharedC, rival.Raw, "we")
	r := measured()
	r.values[key{"row", rival.Raw}] = map[string][]float64{"cpu": {10, 10, 10}}
	got := table{caption: "Time, relative to C-mt.", metric: "cpu", base: sharedC}.text(g, r)
	if !strings.Contains(got, "Time, relative to raw.") || !strings.Contains(got, "| row | 1 | 2.20 (1.65–2.75) |") {
		t.Error(got)
	}
}

func TestReasonsAreListedOnce(t *testing.T) {
	none := errors.New("EOF\nno compiler")
	got := leftOutList([]leftOut{{"one", "C", none}, {"one", "Python", none}, {"two", "C", none}})
	if !strings.HasSuffix(got, "\n- C: no compiler (one; two)\n- Python: no compiler (one)\n") {
		t.Error(got)
	}
	if got := leftOutList(nil); got != "" {
		t.Error(got)
	}
}

// TestGoalsAreMeasured checks that a group measures each cell of a goal.
func TestGoalsAreMeasured(t *testing.T) {
	entries := make(map[key]bool)
	for _, g := range groups() {
		for _, e := range g.entries {
			if entries[key{e.row, e.who}] {
				t.Errorf("%s, %s appears twice", e.row, e.who)
			}
			entries[key{e.row, e.who}] = true
		}
	}
	for _, c := range checks() {
		for _, at := range c.of {
			if !entries[at] {
				t.Errorf("%s, %s: no group measures %v", c.goal, c.what, at)
			}
		}
		for _, at := range []*key{c.to, c.less} {
			if at != nil && !entries[*at] {
				t.Errorf("%s, %s: no group measures %v", c.goal, c.what, *at)
			}
		}
	}
}

// small returns the group with small numbers, for a short run.
func small(g group) group {
	g.slice = min(g.slice, time.Millisecond)
	g.entries = slices.Clone(g.entries)
	for i := range g.entries {
		e := &g.entries[i]
		e.work = slices.Clone(e.work)
		for j, word := range e.work {
			if j > 0 && len(word) > 3 && e.work[0] != "late" {
				e.work[j] = "500"
			}
		}
		if e.echo != nil {
			e.echo = &echoing{connections: min(e.echo.connections, 60), window: min(e.echo.window, 60)}
		}
	}
	return g
}

// TestGroupsRun measures the rivals that are written in Go and part of this program.
func TestGroupsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("the test starts many processes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(&rivals{self: self, folder: t.TempDir(), absent: map[string]error{
		"waits": errors.ErrUnsupported, libevent: errors.ErrUnsupported, libuv: errors.ErrUnsupported,
		python: errors.ErrUnsupported, example: errors.ErrUnsupported, libkqueue: errors.ErrUnsupported,
		module: errors.ErrUnsupported, rival.Command: errors.ErrUnsupported, rival.Hello: errors.ErrUnsupported,
	}}, io.Discard, 1)
	for _, g := range groups() {
		if g.title == idle().title { // it takes long
			continue
		}
		g = small(g)
		r.run(g, 0)
		for _, e := range g.entries {
			at := key{e.row, e.who}
			values := r.results.of(at, "ns")
			switch {
			// The peer of rowProcess is in C.
			case r.rivals.absent[program(e.who)] != nil, e.row == rowProcess:
				if len(values) != 0 || !r.results.isLeftOut(e) {
					t.Errorf("%v is absent but was measured", at)
				}
			case len(values) != 1 || values[0] <= 0:
				t.Errorf("%s: %v: values %v, want one above 0; left out: %t", g.title, at, values, r.results.isLeftOut(e))
			}
		}
	}
	text := report(describe(r.rivals), groups(), r.results)
	for _, want := range []string{"\n## Goals\n", "\n## Left out\n", rival.Netpoll, "not measured"} {
		if !strings.Contains(text, want) {
			t.Errorf("the results lack %q", want)
		}
	}
}

// TestARivalThatFailsIsLeftOut checks that the others are still measured.
func TestARivalThatFailsIsLeftOut(t *testing.T) {
	r := newRunner(&rivals{}, io.Discard, 4)
	good, bad := &fake{}, &fake{fails: 2}
	all := []*competitor{
		{entry: entry{row: "row", who: "good"}, contestant: good, operations: 10},
		{entry: entry{row: "row", who: "bad"}, contestant: bad, operations: 10},
	}
	r.session(all, 4, time.Now().Add(time.Minute), "Group")
	if got := r.results.of(key{"row", "good"}, "ns"); !slices.Equal(got, []float64{7, 7, 7, 7}) {
		t.Errorf("the good rival has %v, want four times 7", got)
	}
	if !r.results.isLeftOut(entry{row: "row", who: "bad"}) || len(r.results.of(key{"row", "bad"}, "ns")) != 0 {
		t.Error("the bad rival was not left out")
	}
	if !bad.closed {
		t.Error("the bad rival was not closed")
	}
}

type fake struct {
	fails  int // the number of the question that fails, from 1
	asked  int
	closed bool
}

func (f *fake) ask(n int) (measurement, error) {
	if f.asked++; f.asked == f.fails {
		return nil, errors.New("out of order")
	}
	return measurement{"ns": 7 * float64(n)}, nil
}

func (f *fake) close() error {
	f.closed = true
	return nil
}

// TestBuildFailures checks that a program that does not compile is left out.
func TestBuildFailures(t *testing.T) {
	r := &rivals{folder: t.TempDir(), absent: make(map[string]error)}
	r.build("no compiler", filepath.Join(r.folder, "cc"))
	r.build("no package", "go", "build", "iomux/nothing")
	for _, name := range []string{"no compiler", "no package"} {
		if r.absent[name] == nil {
			t.Errorf("building %s did not fail", name)
		}
	}
	if _, err := r.command("no package", nil); err == nil {
		t.Error("command returned a program that was not built")
	}
}

func TestLongTextsAreWrapped(t *testing.T) {
	word := strings.Repeat("é", 49)
	for text, want := range map[string]string{
		"":                                    "",
		word + " " + word + "é":               word + " " + word + "é",
		word + " " + word + "éé":              word + "\n" + word + "éé",
		"- " + word + " " + word + " " + word: "- " + word + "\n  " + word + "\n  " + word,
	} {
		if got := wrap(text); got != want {
			t.Errorf("wrap(%q) = %q, want %q", text, got, want)
		}
	}
}
