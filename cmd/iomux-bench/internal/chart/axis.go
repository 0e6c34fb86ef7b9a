package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks marks a logarithmic axis at the powers of ten. If these are few, it also marks 2 and 5
// times each.
type ticks func(value float64) string

// Ticks returns the marks between low and high. Whole multiples of a power of ten have marks
// without labels.
func (label ticks) Ticks(low, high float64) []plot.Tick {
	labelled := map[float64]bool{1: true, 2: high/low < 100, 5: high/low < 100}
	var marks []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for digit := 1.0; digit < 10; digit++ {
			value := digit * math.Pow(10, power)
			switch {
			case value < low || value > high:
			case labelled[digit]:
				marks = append(marks, plot.Tick{Value: value, Label: label(value)})
			default:
				marks = append(marks, plot.Tick{Value: value})
			}
		}
	}
	return marks
}

// count formats a whole number, with spaces between thousands if it has five digits or more.
func count(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if len(text) < 5 {
		return text
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// period formats nanoseconds without meaningless decimals.
func period(value float64) string {
	for _, unit := range []string{" ns", " µs", " ms"} {
		if value < 999.5 {
			return strconv.FormatFloat(value, 'g', 3, 64) + unit
		}
		value /= 1000
	}
	return strconv.FormatFloat(value, 'g', 3, 64) + " s"
}
