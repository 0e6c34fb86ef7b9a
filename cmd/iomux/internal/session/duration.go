package session

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a flag that takes durations of Go such as 1m30s, days, and plain seconds as
// timeout(1) does.
type Duration struct {
	Given bool
	Value time.Duration
}

// Type returns the word that stands for the value in the help.
func (d *Duration) Type() string { return "D" }

// String returns the time, or nothing if none was given.
func (d *Duration) String() string {
	if !d.Given {
		return ""
	}
	return d.Value.String()
}

// Set parses the value of the flag.
func (d *Duration) Set(text string) error {
	value, err := parseDuration(text)
	if err != nil {
		return err
	}
	d.Given, d.Value = true, value
	return nil
}

// parseDuration never shortens a time: 0.0000000001 is a nanosecond, and longer times than a
// Duration holds are the longest Duration.
func parseDuration(text string) (time.Duration, error) {
	if strings.HasPrefix(text, "-") {
		return 0, errors.New("a time cannot be negative")
	}
	if value, err := time.ParseDuration(text); err == nil && value > 0 {
		return value, nil
	}
	nanoseconds, err := sumUnits(text)
	switch {
	case err != nil:
		return 0, errors.New("want a time such as 2, 0.5, 300ms, 1m30s or 1d")
	case nanoseconds >= math.MaxInt64:
		return math.MaxInt64, nil
	}
	return time.Duration(math.Ceil(nanoseconds)), nil
}

// unitOf returns the length of a unit, 0 for an unknown one.
func unitOf(name string) time.Duration {
	switch name {
	case "ns":
		return time.Nanosecond
	case "us", "µs":
		return time.Microsecond
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	case "d":
		return 24 * time.Hour
	}
	return 0
}

// sumUnits returns the nanoseconds of 1d12h or, without a unit, of seconds.
func sumUnits(text string) (float64, error) {
	const digits = "0123456789."
	if strings.Trim(text, digits) == "" {
		text += "s"
	}
	sum := 0.0
	for text != "" {
		rest := strings.TrimLeft(text, digits)
		number := text[:len(text)-len(rest)]
		text = strings.TrimLeft(rest, "dhmnsuµ")
		unit := unitOf(rest[:len(rest)-len(text)])
		value, err := strconv.ParseFloat(number, 64)
		if unit == 0 || err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, errors.New("not a time")
		}
		sum += value * float64(unit)
	}
	return sum, nil
}
