//go:build unix || windows

package suite

import (
	"math"
	"testing"
	"time"

	to "iomux/internal/timeout"
)

var timeoutTests = []test{
	{name: "TimeoutIsNeverEarly", run: neverEarly},
	{name: "ZeroTimeoutDoesNotWait", run: zeroTimeout},
	{name: "ReadyIsReportedWhateverTheTimeout", run: readyWhateverTheTimeout},
	{name: "NegativeTimeoutsBlock", run: negativeBlocks},
	{name: "HugeTimeoutsAreNotShort", run: hugeTimeouts},
	{name: "LongWaitsGoOnInTurns", alone: true, run: inTurns},
	{name: "WaitWithNothingRegistered", run: nothingRegistered},
}

func neverEarly(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	for _, timeout := range []time.Duration{time.Nanosecond, 999, 100 * time.Microsecond, time.Millisecond,
		1500 * time.Microsecond, 3100 * time.Microsecond, 20*time.Millisecond + 1} {
		rounds := 5
		if timeout < 5*time.Millisecond && !m.Brief && !testing.Short() {
			rounds = 50
		}
		for range rounds {
			start := time.Now()
			events := wait(t, waiter, 1, timeout)
			if took := time.Since(start); took < timeout {
				t.Errorf("a wait of %v was over after %v", timeout, took)
			}
			if len(events) != 0 {
				t.Errorf("events are %v", events)
			}
		}
	}
}

func zeroTimeout(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	for range 1000 { // this would take long if each wait blocked for a moment
		if events := wait(t, waiter, 1, 0); len(events) != 0 {
			t.Fatalf("events are %v", events)
		}
	}
	Write(t, w)
	if events := wait(t, waiter, 1, 0); len(events) != 1 {
		t.Errorf("events are %v, want one", events)
	}
}

// A short timeout may be over before the system call starts. The wait makes the call even so.
func readyWhateverTheTimeout(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	Write(t, w)
	waiter := watching(t, m, r, In, Level)
	for timeout := time.Nanosecond; timeout <= time.Millisecond; timeout *= 10 {
		for range 50 {
			if err := matches(m, wait(t, waiter, 1, timeout), r, In, Hup); err != nil {
				t.Fatalf("a wait of %v: %v", timeout, err)
			}
		}
	}
}

// blocks checks that a wait continues until something is ready.
func blocks(t *testing.T, m Mechanism, timeout time.Duration) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	start := time.Now()
	writer := time.AfterFunc(quiet, func() { Write(t, w) })
	defer writer.Stop()
	events := wait(t, waiter, 1, timeout)
	if err := matches(m, events, r, In, Hup); err != nil {
		t.Errorf("a wait of %v: %v", timeout, err)
	}
	if took := time.Since(start); took < quiet {
		t.Errorf("a wait of %v was over after %v, before anything was ready", timeout, took)
	}
}

func negativeBlocks(t *testing.T, m Mechanism) {
	for _, timeout := range []time.Duration{-1, -2, -time.Millisecond, -time.Hour, math.MinInt64} {
		blocks(t, m, timeout)
	}
}

func hugeTimeouts(t *testing.T, m Mechanism) {
	for _, timeout := range []time.Duration{
		math.MaxInt64, math.MaxInt64 - 1, math.MaxInt32 * time.Second, (math.MaxInt32 + 1) * time.Second,
		math.MaxInt32 * time.Millisecond, (math.MaxInt32 + 1) * time.Millisecond, 1193 * time.Hour, 24*time.Hour + 1,
	} {
		blocks(t, m, timeout)
	}
}

// inTurns shortens the turns of long waits, which normally take a day each. A wait must go from one
// turn to the next.
func inTurns(t *testing.T, m Mechanism) {
	defer to.Longest(to.Longest(2 * time.Millisecond))
	blocks(t, m, soon)
	r, _ := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	start := time.Now()
	if events := wait(t, waiter, 1, quiet); len(events) != 0 || time.Since(start) < quiet {
		t.Errorf("a wait of %v was over after %v with %v", quiet, time.Since(start), events)
	}
}

func nothingRegistered(t *testing.T, m Mechanism) {
	waiter := object(t, m)
	start := time.Now()
	if events := wait(t, waiter, 1, quiet); len(events) != 0 || time.Since(start) < quiet {
		t.Errorf("events are %v after %v", events, time.Since(start))
	}
}
