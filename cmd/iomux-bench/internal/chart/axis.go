package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks labels a logarithmic axis at the powers of ten. If the axis spans less than a factor of
// 100, it also labels their multiples by 2 and 5.
type ticks func(value float64) string

// Ticks returns the marks between low and high. They are the powers of ten and their multiples up
// to 9, most of them without a label.
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

// period formats nanoseconds without trailing zeros.
func period(value float64) string {
	for _, unit := range []string{" ns", " µs", " ms"} {
		if value < 999.5 {
			return strconv.FormatFloat(value, 'g', 3, 64) + unit
		}
		value /= 1000
	}
	return strconv.FormatFloat(value, 'g', 3, 64) + " s"
}
