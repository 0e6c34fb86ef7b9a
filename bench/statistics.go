//go:build linux

package main

import (
	"math"
	"slices"
)

// spread summarizes the values of several rounds.
type spread struct {
	lower, median, upper float64 // the quartiles
	worst                float64
}

// spreadOf returns the quartiles and the greatest of the values.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	}
	return spread{quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75), sorted[len(sorted)-1]}
}

// quantile interpolates between the two nearest sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(below)
	return sorted[below]*(1-part) + sorted[below+1]*part
}

// ratios divides the values of the same rounds.
func ratios(of, to []float64) []float64 {
	both := make([]float64, min(len(of), len(to)))
	for i := range both {
		both[i] = of[i] / to[i]
	}
	return both
}

// shares divides all values by one number.
func shares(of []float64, bound float64) []float64 {
	all := make([]float64, len(of))
	for i := range all {
		all[i] = of[i] / bound
	}
	return all
}

// differences subtracts the values of the same rounds.
func differences(values, others []float64) []float64 {
	if len(values) != len(others) {
		return nil
	}
	all := make([]float64, len(values))
	for i, value := range values {
		all[i] = value - others[i]
	}
	return all
}
