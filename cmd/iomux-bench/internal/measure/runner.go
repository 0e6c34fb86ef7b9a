package measure

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// runner measures in rounds. Each round measures every mechanism, so that a disturbance of the
// machine affects all of them.
type runner struct {
	plan     Plan
	result   *Result
	ring     *ring
	groups   []*group
	deadline time.Time
}

// group holds the rows that share one open mechanism in a round, without those that failed.
type group struct {
	descriptors int
	mechanism   Mechanism
	rows        []*Row
}

// list creates the groups and their rows.
func (r *runner) list() {
	for _, n := range r.result.Descriptors {
		for _, m := range r.result.Mechanisms {
			g := &group{descriptors: n, mechanism: m}
			for _, w := range r.result.Workloads {
				row := &Row{Workload: w, Descriptors: n, Active: 1, Mechanism: m}
				if w.Ring {
					row.Active = w.Active.Of(n)
				}
				if row.Active <= n {
					g.rows = append(g.rows, row)
				}
			}
			r.groups = append(r.groups, g)
		}
		for _, w := range r.result.Workloads {
			if active := w.Active.Of(n); w.Ring && active > n {
				r.result.leaveOut("%d descriptors: %d of them cannot be active", n, active)
			}
		}
	}
}

func (r *runner) rows() []*Row {
	var rows []*Row
	for _, g := range r.groups {
		rows = append(rows, g.rows...)
	}
	return rows
}

// run measures rounds until the time is over. The first round measures each row for half of its
// share. It is complete unless the context is done. The last round may be incomplete.
func (r *runner) run(ctx context.Context) {
	rows := time.Duration(len(r.rows()))
	slice := r.plan.Duration / leastRounds / rows / 2
	for round := 0; ; round++ {
		slice = max(shortestSlice, min(longestSlice, slice))
		began := time.Now()
		if !r.round(ctx, round, slice) {
			return
		}
		other := max(0, time.Since(began)-rows*slice) // mostly opening and closing
		left := time.Until(r.deadline)
		rounds := max(1, leastRounds-1-time.Duration(round), left/(rows*longestSlice+other))
		slice = (left/rounds - other) / rows
	}
}

// round measures every row once, with the mechanisms in another order each time. It reports whether
// to continue.
func (r *runner) round(ctx context.Context, round int, slice time.Duration) bool {
	measured := false
	mechanisms := len(r.result.Mechanisms)
	for i := range r.groups {
		g := r.groups[i/mechanisms*mechanisms+(i+round)%mechanisms]
		if len(g.rows) == 0 {
			continue
		}
		if round > 0 && !time.Now().Before(r.deadline) || !r.group(ctx, g, slice) {
			return false
		}
		measured = true
	}
	return measured
}

// group measures the rows of one mechanism on the same descriptors. It reports false if the context
// is done.
func (r *runner) group(ctx context.Context, g *group, slice time.Duration) bool {
	ring := r.ring.first(g.descriptors)
	w, err := g.mechanism.open(ring.reads)
	if err == nil {
		defer func() { _ = w.close() }()
		err = warm(ring, w)
	}
	if err != nil {
		r.result.leaveOut("%s, %d %s: %v", g.mechanism.Name, g.descriptors, r.result.Sources, err)
		g.rows = nil
		return true
	}
	var failed []*Row
	for _, row := range g.rows {
		if ctx.Err() != nil {
			r.result.Interrupted = true
			return false
		}
		if r.plan.Progress != nil {
			done := float64(time.Since(r.result.Started)) / float64(r.plan.Duration)
			r.plan.Progress(done, fmt.Sprintf("%s on %d %s", g.mechanism.Name, g.descriptors, r.result.Sources))
		}
		if err := measure(ring, w, row, slice); err != nil {
			r.result.leaveOut("%s, %d %s, %s: %v", g.mechanism.Name, g.descriptors, r.result.Sources, row.Workload.Title(), err)
			ring.drain()
			failed = append(failed, row)
		}
		runtime.Gosched() // non-blocking waits do not yield to other goroutines
	}
	g.rows = slices.DeleteFunc(g.rows, func(row *Row) bool { return slices.Contains(failed, row) })
	return true
}

// warm keeps one-time costs out of the measurement. It collects the garbage of opening, and runs
// the first waits that may block. The first one takes milliseconds in a Poller with many
// descriptors.
func warm(ring *ring, w waiter) error {
	runtime.GC()
	_, err := ring.turn(w, 1, leastWaits)
	if err != nil {
		ring.drain()
	}
	return err
}

// measure adds the time of one operation to the row. It repeats the operation as often as should
// fill the slice. The estimate is the best of at least three times. If the row has fewer, measure
// first times a few operations.
func measure(ring *ring, w waiter, row *Row, slice time.Duration) error {
	known := slices.Clone(row.Times)
	for len(known) < 3 {
		took, err := ring.measure(w, row, 0)
		if err != nil {
			return err
		}
		known = append(known, took)
	}
	took, err := ring.measure(w, row, int(float64(slice)/slices.Min(known)))
	if err != nil {
		return err
	}
	row.Times = append(row.Times, took)
	return nil
}

// measure returns the time of one operation in nanoseconds.
func (r *ring) measure(w waiter, row *Row, operations int) (float64, error) {
	var took time.Duration
	var err error
	if row.Workload.Ring {
		operations = max(operations, row.Active+leastWaits)
		took, err = r.turn(w, row.Active, operations)
	} else {
		operations = max(operations, leastWaits)
		took, err = r.look(w, operations)
	}
	// A coarse clock may show no difference.
	return float64(max(took, 1)) / float64(operations), err
}
