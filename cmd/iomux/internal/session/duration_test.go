package session

import (
	"math"
	"testing"
	"time"
)

func TestTimesAreGoDurationsOrSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0":                    0,
		"2":                    2 * time.Second,
		"0.5":                  500 * time.Millisecond,
		".5":                   500 * time.Millisecond,
		"300ms":                300 * time.Millisecond,
		"1m30s":                90 * time.Second,
		"0.0000000001":         1, // never shortened to a mere look
		"0.0000000001s":        1,
		"1d":                   24 * time.Hour,
		"0.5d":                 12 * time.Hour,
		"1d12h":                36 * time.Hour,
		"99999999999999999999": math.MaxInt64,
		"9999999h":             math.MaxInt64,
		"1000000d":             math.MaxInt64,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.2.3", "x", "1x", "-1", "-1s", "-0.5", "inf", "NaN", "1e3", "0x10", " 1", "d", "1dd", "d1", "1d12", "+", "1\xff"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
