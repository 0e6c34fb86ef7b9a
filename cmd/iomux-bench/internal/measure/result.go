package measure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Result is what was measured, and what was not.
type Result struct {
	Machine     Machine
	Sources     string // what was waited on
	Started     time.Time
	Mechanisms  []Mechanism
	Workloads   []Workload
	Descriptors []int
	Rows        []*Row   // those that were measured at least once
	LeftOut     []string // what was to be measured, and why it was not
	Rounds      int      // how often every row was measured, at least
	Interrupted bool
	// SelectLimit is the highest descriptor that select(2) takes, 0 for none. Package selectfd
	// waits on higher ones by poll(2).
	SelectLimit int
}

// Row is a workload on some number of descriptors by one mechanism.
type Row struct {
	Workload    Workload
	Descriptors int
	Active      int
	Mechanism   Mechanism
	Times       []float64 // of one operation in each round, in nanoseconds
}

// Find is the row of a workload, or nil.
func (r *Result) Find(w Workload, descriptors int, mechanism string) *Row {
	for _, row := range r.Rows {
		if row.Workload == w && row.Descriptors == descriptors && row.Mechanism.Name == mechanism {
			return row
		}
	}
	return nil
}

// Median is the median of the rounds, in nanoseconds.
func (r *Row) Median() float64 { return quantile(r.Times, 0.5) }

// Low is the lower quartile, in nanoseconds. Half of the rounds lie between Low and High.
func (r *Row) Low() float64 { return quantile(r.Times, 0.25) }

// High is the upper quartile, in nanoseconds.
func (r *Row) High() float64 { return quantile(r.Times, 0.75) }

// Spread is half the distance of the quartiles as a part of the median.
func (r *Row) Spread() float64 { return (r.High() - r.Low()) / 2 / r.Median() }

// quantile is the value below which that part of all values lies, between two values where it falls
// between them.
func quantile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	place := part * float64(len(sorted)-1)
	below := int(place)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}

// Method says how it was measured.
func (r *Result) Method() string {
	rounds := fmt.Sprintf("%d interleaved rounds", r.Rounds)
	if r.Rounds == 1 {
		rounds = "one round"
	}
	method := fmt.Sprintf("Measured with %s on %s; medians of at least %s", r.Sources, r.Started.Format("2 January 2006"), rounds)
	if r.Machine.Load >= 0 {
		method += fmt.Sprintf("; load average before: %.2f", r.Machine.Load)
	}
	bySelect := slices.ContainsFunc(r.Mechanisms, func(m Mechanism) bool { return m.Name == "select" })
	if r.SelectLimit > 0 && bySelect && 2*slices.Max(r.Descriptors) > r.SelectLimit {
		method += fmt.Sprintf("; select waits on descriptors above %d by poll(2)", r.SelectLimit)
	}
	return method + "."
}

// Time is a time in nanoseconds as it is read most easily, with three digits that count.
func Time(nanoseconds float64) string {
	unit, units := 0, []string{"ns", "µs", "ms", "s"}
	for ; nanoseconds >= 999.5 && unit < len(units)-1; unit++ {
		nanoseconds /= 1000
	}
	decimals := 0
	for limit := 99.95; nanoseconds < limit && decimals < 2; limit = 9.995 {
		decimals++
	}
	return strconv.FormatFloat(nanoseconds, 'f', decimals, 64) + " " + units[unit]
}
