package measure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Result holds what was measured and what was skipped.
type Result struct {
	Machine     Machine
	Sources     string // pipes or sockets
	Started     time.Time
	Mechanisms  []Mechanism
	Workloads   []Workload
	Descriptors []int
	Rows        []*Row   // measured at least once
	LeftOut     []string // what was skipped, and why
	Rounds      int      // the smallest number of rounds of any row
	Interrupted bool
	// SelectLimit is the highest descriptor that select(2) accepts, or 0 for no limit. Package
	// selectfd uses poll(2) for higher ones.
	SelectLimit int
}

// Row holds the times of a workload for one mechanism and one number of descriptors.
type Row struct {
	Workload    Workload
	Descriptors int
	Active      int
	Mechanism   Mechanism
	Times       []float64 // of one operation in each round, in nanoseconds
}

// Find returns the row of a workload, or nil.
func (r *Result) Find(w Workload, descriptors int, mechanism string) *Row {
	for _, row := range r.Rows {
		if row.Workload == w && row.Descriptors == descriptors && row.Mechanism.Name == mechanism {
			return row
		}
	}
	return nil
}

// Median returns the median of the rounds in nanoseconds.
func (r *Row) Median() float64 { return quantile(r.Times, 0.5) }

// Low returns the lower quartile in nanoseconds.
func (r *Row) Low() float64 { return quantile(r.Times, 0.25) }

// High returns the upper quartile in nanoseconds.
func (r *Row) High() float64 { return quantile(r.Times, 0.75) }

// Spread returns half the distance between the quartiles, relative to the median.
func (r *Row) Spread() float64 { return (r.High() - r.Low()) / 2 / r.Median() }

// quantile returns the value below which the given part of the values lies. It interpolates between
// two values.
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

// Method describes the measurement in a sentence.
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
		method += fmt.Sprintf("; select uses poll(2) for descriptors above %d", r.SelectLimit)
	}
	return method + "."
}

// Time formats nanoseconds with about three significant digits.
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
