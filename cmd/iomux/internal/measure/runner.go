package measure

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// runner measures in rounds. In each, every mechanism has its turn, so that a disturbance of the machine meets all of them.
type runner struct {
	plan     Plan
	result   *Result
	ring     *ring
	groups   []*group
	deadline time.Time
}

// group is the rows for which a mechanism is opened once in a round.
type group struct {
	descriptors int
	mechanism   Mechanism
	rows        []*Row
}

// list makes the rows.
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

// run fills the time with rounds; the last may end early. The first gets half of what one of leastRounds has, as it shows how
// long opening and closing take.
func (r *runner) run(ctx context.Context) {
	rows := time.Duration(len(r.rows()))
	slice := r.plan.Duration / leastRounds / rows / 2
	for round := 0; ; round++ {
		slice = max(shortestSlice, min(longestSlice, slice))
		began := time.Now()
		if !r.round(ctx, round, slice) {
			return
		}
		other := max(0, time.Since(began)-rows*slice)
		left := time.Until(r.deadline)
		rounds := max(1, leastRounds-1-time.Duration(round), left/(rows*longestSlice+other))
		slice = (left/rounds - other) / rows
	}
}

// round measures every row once, the mechanisms in another order each time. It reports whether there was time for it.
func (r *runner) round(ctx context.Context, round int, slice time.Duration) bool {
	mechanisms := len(r.result.Mechanisms)
	for i := range r.groups {
		turn := i/mechanisms*mechanisms + (i+round)%mechanisms
		if !r.group(ctx, r.groups[turn], slice) {
			return false
		}
	}
	return true
}

// group measures the rows of one mechanism on the same descriptors.
func (r *runner) group(ctx context.Context, g *group, slice time.Duration) bool {
	ring := r.ring.first(g.descriptors)
	w, err := g.mechanism.open(ring.reads)
	if err == nil {
		defer func() { _ = w.close() }()
		err = warm(ring, w)
	}
	if err != nil {
		for _, row := range g.rows {
			r.fail(row, err)
		}
		return true
	}
	for _, row := range g.rows {
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			r.result.Interrupted = true
			return false
		case !now.Before(r.deadline):
			return false
		case row.failed:
			continue
		}
		if r.plan.Progress != nil {
			done := float64(now.Sub(r.result.Started)) / float64(r.plan.Duration)
			r.plan.Progress(done, fmt.Sprintf("%s on %d %s", row.Mechanism.Name, row.Descriptors, r.result.Sources))
		}
		if err := measure(ring, w, row, slice); err != nil {
			r.fail(row, err)
			ring.drain()
		}
		runtime.Gosched() // waits that do not block are no occasion for others
	}
	return true
}

// warm keeps out of the measurements what is done once: the garbage of opening, and the first wait that may block. With the
// Poller that takes milliseconds where the descriptors are many.
func warm(ring *ring, w waiter) error {
	runtime.GC()
	_, err := ring.turn(w, 1, leastWaits)
	if err != nil {
		ring.drain()
	}
	return err
}

// fail ends what cannot be measured.
func (r *runner) fail(row *Row, err error) {
	if !row.failed {
		row.failed = true
		row.Times = nil
		r.result.leaveOut("%s, %d descriptors, %s: %v", row.Mechanism.Name, row.Descriptors, row.Workload.Title(), err)
	}
}

// measure adds the row's time of one operation, from as many as fill the slice by the best time that is known. That is first
// taken from a few.
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

// measure is the time of one operation in nanoseconds.
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
	// A coarse clock may not have moved on.
	return float64(max(took, 1)) / float64(operations), err
}
