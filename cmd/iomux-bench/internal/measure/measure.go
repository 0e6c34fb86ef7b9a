// Package measure measures the cost of waiting on many descriptors with each mechanism of the
// system.
package measure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"iomux"
)

// Plan describes a measurement.
type Plan struct {
	Mechanisms  []Mechanism
	Descriptors []int
	Active      []Active
	Duration    time.Duration // total, or longer if one pass takes longer
	// Fewer lets Run measure a smaller size instead if some of Descriptors do not fit.
	Fewer bool
	// Progress is called before each measurement.
	Progress func(done float64, doing string)
}

// MostDescriptors is the largest limit that Linux allows a process by default.
const MostDescriptors = 1 << 20

// spare is the number of descriptors kept free for everything else in the process.
const spare = 64

const (
	leastRounds = 9
	// Many short rounds are better than few long ones.
	longestSlice  = 10 * time.Millisecond
	shortestSlice = time.Millisecond
	leastWaits    = 8 // of one measurement
)

// Run measures until the time of the plan is over and everything was measured once, or until the
// context is done.
func Run(ctx context.Context, plan Plan) (*Result, error) {
	result := &Result{Machine: thisMachine(), Sources: sources, Started: time.Now(), Mechanisms: plan.Mechanisms, Workloads: []Workload{{}},
		SelectLimit: iomux.Select.Limits().Highest}
	for _, active := range plan.Active {
		result.Workloads = append(result.Workloads, Workload{Ring: true, Active: active})
	}
	all, err := result.fit(plan, raiseLimit(2*slices.Max(plan.Descriptors)+spare))
	defer all.close()
	if err != nil {
		return nil, err
	}
	r := runner{result: result, ring: all, deadline: result.Started.Add(plan.Duration), plan: plan}
	r.list()
	r.run(ctx)
	for _, row := range r.rows() {
		if len(row.Times) == 0 {
			continue // interrupted
		}
		result.Rows = append(result.Rows, row)
		if result.Rounds == 0 || len(row.Times) < result.Rounds {
			result.Rounds = len(row.Times)
		}
	}
	return result, nil
}

func (r *Result) leaveOut(format string, args ...any) {
	r.LeftOut = append(r.LeftOut, fmt.Sprintf(format, args...))
}

// fit creates the pipes for the largest size that the limit allows. It skips larger sizes.
func (r *Result) fit(plan Plan, limit int) (*ring, error) {
	most := max(0, limit-spare) / 2
	wanted := 0
	for _, n := range plan.Descriptors {
		if n <= most || plan.Fewer {
			wanted = max(wanted, min(n, most))
		}
	}
	all, err := newRing(wanted)
	made := len(all.reads)
	for _, n := range slices.Sorted(slices.Values(plan.Descriptors)) {
		switch {
		case n <= made:
			r.Descriptors = append(r.Descriptors, n)
		case n > most:
			r.leaveOut("%d %s: they need %d descriptors, and the limit is %d (%s)", n, sources, 2*n+spare, limit, whyLimited)
		default:
			r.leaveOut("%d %s: %v", n, sources, err)
		}
	}
	if fewer := roundDown(made); plan.Fewer && len(r.LeftOut) > 0 && fewer > 0 && !slices.Contains(r.Descriptors, fewer) {
		r.LeftOut[len(r.LeftOut)-1] += fmt.Sprintf("; %d were used instead", fewer)
		r.Descriptors = append(r.Descriptors, fewer)
	}
	if len(r.Descriptors) == 0 {
		return all, fmt.Errorf("nothing can be measured: %s", r.LeftOut[0])
	}
	return all, nil
}

// roundDown keeps the first two digits of n and replaces the others with zeros.
func roundDown(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return n / unit * unit
}
