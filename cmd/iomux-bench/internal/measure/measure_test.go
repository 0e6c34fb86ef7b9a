package measure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"iomux/internal/test/leak"
)

func TestMedianAndSpread(t *testing.T) {
	for _, c := range []struct {
		times             []float64
		median, low, high float64
	}{
		{[]float64{7}, 7, 7, 7},
		{[]float64{4, 2}, 3, 2.5, 3.5},
		{[]float64{9, 1, 5}, 5, 3, 7},
		{[]float64{1, 2, 3, 4}, 2.5, 1.75, 3.25},
		{[]float64{50, 10, 1000, 20, 40, 30, 1}, 30, 15, 45},
	} {
		r := Row{Times: c.times}
		before := slices.Clone(c.times)
		if r.Median() != c.median || r.Low() != c.low || r.High() != c.high {
			t.Errorf("%v: median %v, quartiles %v and %v, want %v, %v and %v", c.times, r.Median(), r.Low(), r.High(), c.median, c.low, c.high)
		}
		if want := (c.high - c.low) / 2 / c.median; math.Abs(r.Spread()-want) > 1e-12 {
			t.Errorf("%v: spread %v, want %v", c.times, r.Spread(), want)
		}
		if !slices.Equal(before, c.times) {
			t.Errorf("%v was reordered to %v", before, c.times)
		}
	}
}

func TestTimes(t *testing.T) {
	for nanoseconds, want := range map[float64]string{
		0.5: "0.50 ns", 9.994: "9.99 ns", 9.996: "10.0 ns", 99.94: "99.9 ns", 99.96: "100 ns", 212.3: "212 ns", 999.4: "999 ns",
		999.6: "1.00 µs", 1500: "1.50 µs", 10_000: "10.0 µs", 503_000: "503 µs", 1_234_000: "1.23 ms", 2e9: "2.00 s", 5e12: "5000 s",
	} {
		if got := Time(nanoseconds); got != want {
			t.Errorf("%v: %q, want %q", nanoseconds, got, want)
		}
	}
}

func TestMethodNamesThePollFallback(t *testing.T) {
	r := Result{Sources: "pipes", Rounds: 9, SelectLimit: 1023, Descriptors: []int{10, 500}, Mechanisms: []Mechanism{{Name: "select"}}}
	if method := r.Method(); strings.Contains(method, "poll(2)") || !strings.Contains(method, "9 interleaved rounds") {
		t.Error(method)
	}
	r.Descriptors = append(r.Descriptors, 1000)
	if method := r.Method(); !strings.Contains(method, "; select uses poll(2) for descriptors above 1023") {
		t.Error(method)
	}
	r.Mechanisms[0].Name = "poll"
	if method := r.Method(); strings.Contains(method, "poll(2)") {
		t.Error(method)
	}
}

func TestActive(t *testing.T) {
	for text, want := range map[string]struct {
		of1000, of4 int
		again       string
	}{
		"1":    {1, 1, "1"},
		"10%":  {100, 1, "10%"},
		"37%":  {370, 1, "37%"},
		"0.1%": {1, 1, "0.1%"},
		"100%": {1000, 4, "100%"},
		"5":    {5, 5, "5"}, // the caller skips 5 of 4
	} {
		a, err := ParseActive(text)
		if err != nil || a.Of(1000) != want.of1000 || a.Of(4) != want.of4 || a.String() != want.again {
			t.Errorf("%s: %d of 1000, %d of 4, %v, %v, want %+v", text, a.Of(1000), a.Of(4), a, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "0%", "101%", "%", "x", "1.5", "NaN%", "99999999999999999999"} {
		if a, err := ParseActive(text); err == nil {
			t.Errorf("ParseActive(%q) returned %v, want an error", text, a)
		}
	}
}

func active(t *testing.T, texts ...string) []Active {
	t.Helper()
	var all []Active
	for _, text := range texts {
		a, err := ParseActive(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestEveryMechanismIsMeasured(t *testing.T) {
	plan := Plan{Mechanisms: available(t), Descriptors: []int{20, 2}, Active: active(t, "1", "100%", "3"), Duration: 300 * time.Millisecond}
	last, calls := -1.0, 0
	plan.Progress = func(done float64, doing string) {
		if calls++; done < last || doing == "" {
			t.Errorf("progress %v after %v: %q", done, last, doing)
		}
		last = done
	}
	r, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if r.Interrupted || calls == 0 {
		t.Errorf("interrupted: %v, %d calls of Progress", r.Interrupted, calls)
	}
	for _, m := range plan.Mechanisms {
		for _, w := range r.Workloads {
			for _, n := range []int{2, 20} {
				row := r.Find(w, n, m.Name)
				switch {
				case w.Asked() == "3" && n == 2:
					if row != nil {
						t.Error("a ring of 2 pipes was measured with 3 active")
					}
				case row == nil:
					t.Errorf("%s, %d, %s: not measured: %v", m.Name, n, w.Title(), r.LeftOut)
				case row.Median() <= 0 || len(row.Times) < r.Rounds:
					t.Errorf("%s, %d, %s: %v", m.Name, n, w.Title(), row.Times)
				}
			}
		}
	}
	if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "2 descriptors: 3 of them cannot be active") {
		t.Errorf("left out: %q", r.LeftOut)
	}
}

func TestOnlyTheFailingMechanismIsSkipped(t *testing.T) {
	broken := errors.New("broken")
	good := available(t)[0]
	open := good.open
	good.open = func(fds []int) (waiter, error) {
		expectEmpty(t, &ring{reads: fds}) // although a mechanism failed before
		return open(fds)
	}
	plan := Plan{Duration: 50 * time.Millisecond, Descriptors: []int{5}, Active: active(t, "100%"), Mechanisms: []Mechanism{
		{Name: "closed", open: func([]int) (waiter, error) { return nil, broken }},
		good,
		{Name: "deaf", open: func([]int) (waiter, error) { return liar{err: broken}, nil }},
		// In the ring, all of these pipes are ready.
		{Name: "liar", open: func([]int) (waiter, error) { return liar{ready: []int{0, 1, 2, 3, 4}}, nil }},
	}}
	r, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range r.Workloads {
		for _, m := range plan.Mechanisms {
			want := m.Name == good.Name || m.Name == "liar" && w.Ring
			if row := r.Find(w, 5, m.Name); (row != nil) != want {
				t.Errorf("%s, %s: measured: %v, want %v", m.Name, w.Title(), row != nil, want)
			}
		}
	}
	if len(r.LeftOut) != 3 {
		t.Errorf("left out: %q", r.LeftOut)
	}
	plan.Active, plan.Mechanisms = nil, []Mechanism{plan.Mechanisms[3], good}
	if r, err := Run(t.Context(), plan); err != nil || len(r.Rows) != 1 || len(r.LeftOut) != 1 {
		t.Errorf("%v, %d rows, left out: %q", err, len(r.Rows), r.LeftOut)
	}
}

// TestEachRoundBeginsWithAnotherMechanism checks that the mechanisms take turns in being the first.
func TestEachRoundBeginsWithAnotherMechanism(t *testing.T) {
	var opened strings.Builder
	named := func(name string) Mechanism {
		m := available(t)[0]
		open := m.open
		m.Name, m.open = name, func(fds []int) (waiter, error) {
			_, _ = fmt.Fprint(&opened, name, len(fds), " ")
			return open(fds)
		}
		return m
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	plan := Plan{Mechanisms: []Mechanism{named("a"), named("b"), named("c")}, Descriptors: []int{1, 2}, Duration: time.Hour}
	plan.Progress = func(float64, string) {
		if strings.Count(opened.String(), " ") > 18 {
			cancel()
		}
	}
	if _, err := Run(ctx, plan); err != nil {
		t.Fatal(err)
	}
	if want := "a1 b1 c1 a2 b2 c2 b1 c1 a1 b2 c2 a2 c1 a1 b1 c2 a2 b2 a1 "; !strings.HasPrefix(opened.String(), want) {
		t.Errorf("opened %q, want %q", opened.String(), want)
	}
}

func TestInterruptionKeepsTheResults(t *testing.T) {
	plan := Plan{Mechanisms: available(t), Descriptors: []int{2, 4}, Active: active(t, "1"), Duration: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	plan.Progress = func(float64, string) {
		if calls++; calls == 3 {
			cancel()
		}
	}
	r, err := Run(ctx, plan)
	if err != nil || !r.Interrupted || len(r.Rows) != 3 || len(r.LeftOut) > 0 {
		t.Errorf("%v, interrupted: %v, %d rows, left out: %q", err, r.Interrupted, len(r.Rows), r.LeftOut)
	}
}

func TestEverythingIsMeasuredAtLeastOnce(t *testing.T) {
	m := available(t)[0]
	r, err := Run(t.Context(), Plan{Mechanisms: []Mechanism{m}, Descriptors: []int{1, 5}, Active: active(t, "1"), Duration: 1})
	if err != nil || len(r.Rows) != 4 || r.Rounds != 1 || len(r.LeftOut) != 0 {
		t.Errorf("%v, %d rows, %d rounds, left out: %q", err, len(r.Rows), r.Rounds, r.LeftOut)
	}
}

func TestNothingCanBeMeasured(t *testing.T) {
	closed := Mechanism{Name: "closed", open: func([]int) (waiter, error) { return nil, errors.New("broken") }}
	r, err := Run(t.Context(), Plan{Mechanisms: []Mechanism{closed}, Descriptors: []int{1, 5}, Duration: time.Hour})
	if err != nil || len(r.Rows) != 0 || len(r.LeftOut) != 2 || r.LeftOut[1] != "closed, 5 "+sources+": broken" {
		t.Errorf("%v, %d rows, left out: %q", err, len(r.Rows), r.LeftOut)
	}
}

func TestSizesThatDoNotFitAreSkipped(t *testing.T) {
	if leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors")
	}
	for _, c := range []struct {
		asked, taken []int
		fewer        bool
		limit        int
		skipped      []string
	}{
		{[]int{100, 10}, []int{10, 100}, true, 264, nil},
		{[]int{100, 10}, []int{10}, false, 263, []string{"100 pipes: they need 264 descriptors, and the limit is 263"}},
		{[]int{100, 10}, []int{10, 68}, true, 200, []string{"100 pipes: they need 264 descriptors, and the limit is 200 (see ulimit -n); 68 were used instead"}},
		{[]int{10, 1000, 500}, []int{10, 210}, true, 500, []string{"500 pipes: ", "1000 pipes: .*; 210 were used instead"}},
		{[]int{10, 50}, []int{10}, true, 84, []string{"50 pipes"}},
		{[]int{10}, nil, false, 80, []string{"10 pipes"}},
		{[]int{10}, nil, true, 10, []string{"10 pipes"}},
	} {
		r := new(Result)
		all, err := r.fit(Plan{Descriptors: c.asked, Fewer: c.fewer}, c.limit)
		all.close()
		if (err != nil) != (c.taken == nil) {
			t.Errorf("%+v: %v", c, err)
		}
		if !slices.Equal(r.Descriptors, c.taken) || len(all.reads) < slices.Max(append(c.taken, 0)) {
			t.Errorf("%+v: took %v, made %d", c, r.Descriptors, len(all.reads))
		}
		if len(r.LeftOut) != len(c.skipped) {
			t.Errorf("%+v: skipped %q", c, r.LeftOut)
			continue
		}
		for i, text := range c.skipped {
			for part := range strings.SplitSeq(strings.NewReplacer("pipes", sources, "see ulimit -n", whyLimited).Replace(text), ".*") {
				if !strings.Contains(r.LeftOut[i], part) {
					t.Errorf("%+v: skipped %q", c, r.LeftOut[i])
				}
			}
		}
	}
}
