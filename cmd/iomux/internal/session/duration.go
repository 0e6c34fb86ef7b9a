package session

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a flag that takes 1.5s and 2m as Go writes them, and plain seconds as timeout(1) does.
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

func parseDuration(text string) (time.Duration, error) {
	value, err := time.ParseDuration(text)
	if strings.Trim(text, "0123456789.") == "" {
		value, err = parseSeconds(text)
	}
	switch {
	case err != nil && strings.HasPrefix(text, "-"), value < 0:
		return 0, errors.New("a time cannot be negative")
	case err != nil:
		return 0, errors.New("want a time such as 2, 0.5, 300ms or 1m30s")
	}
	return value, nil
}

// parseSeconds never makes a time shorter: 0.0000000001 is not 0, and what is beyond all clocks is the longest there is.
func parseSeconds(text string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, err
	}
	nanoseconds := math.Ceil(seconds * float64(time.Second))
	if nanoseconds >= math.MaxInt64 {
		return math.MaxInt64, nil
	}
	return time.Duration(nanoseconds), nil
}
