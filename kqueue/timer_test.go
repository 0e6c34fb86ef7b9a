//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

// timer returns the change that starts a timer.
func timer(ident int, flags kqueue.Flags, units kqueue.Fflags, data int64) kqueue.Event {
	return noted(ident, kqueue.FilterTimer, kqueue.EvAdd|flags, units, data)
}

// needsTicks skips the test if NetBSD's timers count ticks that are shorter than its clock's. In an
// emulator it may have measured them wrongly when it started.
func needsTicks(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "netbsd" && ticksAreShort() {
		t.Skip("poll(2) returned before its timeout: the ticks of this kernel are too short")
	}
}

var ticksAreShort = sync.OnceValue(func() bool {
	start := time.Now()
	_, err := unix.Poll(nil, 1000)
	return err == nil && time.Since(start) < time.Second
})

func TestTimerUnits(t *testing.T) {
	t.Parallel()
	needsTicks(t)
	for name, unit := range map[string]struct {
		notes kqueue.Fflags
		data  int64
		takes time.Duration
	}{
		"Seconds":      {kqueue.NoteSeconds, 1, time.Second},
		"Milliseconds": {kqueue.NoteMSeconds, 50, 50 * time.Millisecond},
		"Microseconds": {kqueue.NoteUSeconds, 50_000, 50 * time.Millisecond},
		"Nanoseconds":  {kqueue.NoteNSeconds, 50_000_000, 50 * time.Millisecond},
		"Default":      {0, 50, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs(t, timer(1, 0, unit.notes, unit.data))
			queue := newQueue(t)
			start := time.Now()
			apply(t, queue, timer(1, kqueue.EvOneShot, unit.notes, unit.data))
			event := one(t, queue, 1, kqueue.FilterTimer)
			if took := time.Since(start); took < unit.takes {
				t.Errorf("the timer of %v expired after %v", unit.takes, took)
			}
			if event.Data != 1 {
				t.Errorf("event is %v, want one expiry", event)
			}
			none(t, queue)
			fails(t, queue, change(1, kqueue.FilterTimer, kqueue.EvDelete), unix.ENOENT)
		})
	}
}

// TestTimerCountsExpiries lets a timer expire several times before each report.
func TestTimerCountsExpiries(t *testing.T) {
	needsTicks(t)
	const period = 10 * time.Millisecond
	queue := newQueue(t)
	start := time.Now()
	apply(t, queue, timer(1, 0, 0, 10))
	time.Sleep(10 * period)
	total := int64(0)
	for range 3 {
		event := one(t, queue, 1, kqueue.FilterTimer)
		if event.Flags&kqueue.EvClear == 0 {
			t.Errorf("event %v lacks EvClear", event)
		}
		total += event.Data
		if most := int64(time.Since(start) / period); event.Data < 1 || total > most {
			t.Errorf("event is %v, and %d expiries in all, want at most %d", event, total, most)
		}
	}
	if total < 3 {
		t.Errorf("%d expiries", total)
	}
	apply(t, queue, change(1, kqueue.FilterTimer, kqueue.EvDelete))
	none(t, queue)
}

// TestTimerIsRestarted restarts an expired timer. The earlier expiry is not reported.
func TestTimerIsRestarted(t *testing.T) {
	needsTicks(t)
	queue := newQueue(t)
	apply(t, queue, timer(1, 0, 0, 1))
	time.Sleep(quiet)
	const later = 200 * time.Millisecond
	start := time.Now()
	apply(t, queue, timer(1, kqueue.EvOneShot, 0, later.Milliseconds()))
	event := one(t, queue, 1, kqueue.FilterTimer)
	if took := time.Since(start); took < later || event.Data != 1 {
		t.Errorf("event is %v after %v, want one expiry after %v", event, took, later)
	}
}

func TestAbsoluteTimer(t *testing.T) {
	t.Parallel()
	needsTicks(t)
	needs(t, timer(1, 0, kqueue.NoteAbsTime, math.MaxInt32))
	now := time.Now()
	for name, at := range map[string]struct {
		when  time.Time
		never bool
	}{
		"Past":   {when: now.Add(-time.Hour)},
		"Epoch":  {when: time.Unix(0, 0)},
		"Soon":   {when: now.Add(1500 * time.Millisecond)},
		"Future": {when: now.Add(time.Hour), never: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue := newQueue(t)
			apply(t, queue, timer(1, kqueue.EvOneShot, kqueue.NoteAbsTime|kqueue.NoteMSeconds, at.when.UnixMilli()))
			if at.never {
				none(t, queue)
				return
			}
			one(t, queue, 1, kqueue.FilterTimer)
			if now := time.Now(); now.UnixMilli() < at.when.UnixMilli() {
				t.Errorf("it is %v, and the timer was to expire at %v", now, at.when)
			}
			none(t, queue)
		})
	}
}

func TestTimersAreDistinguished(t *testing.T) {
	queue := newQueue(t)
	idents := []uint64{0, 1, math.MaxUint32}
	for _, ident := range idents {
		apply(t, queue, kqueue.Event{Ident: ident, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd | kqueue.EvOneShot, Data: 1})
	}
	seen := make(map[uint64]int)
	for len(seen) < len(idents) {
		events := wait(t, queue, 1, soon)
		if len(events) == 0 {
			t.Fatalf("only %v expired", seen)
		}
		seen[events[0].Ident]++
	}
	none(t, queue)
}

func TestDisabledTimerIsSilent(t *testing.T) {
	queue := newQueue(t)
	apply(t, queue, timer(1, kqueue.EvDisable, 0, 5))
	none(t, queue)
	enable := timer(1, 0, 0, 5)
	enable.Flags = kqueue.EvEnable
	apply(t, queue, enable)
	one(t, queue, 1, kqueue.FilterTimer)
	time.Sleep(quiet) // the timer expires again
	disable := enable
	disable.Flags = kqueue.EvDisable
	apply(t, queue, disable)
	none(t, queue)
	time.Sleep(quiet)
	apply(t, queue, change(1, kqueue.FilterTimer, kqueue.EvDelete))
	none(t, queue)
}

// TestTimerWithAPeriodOfZero uses a period of zero. Systems differ: it is an error, no time, or one
// unit.
func TestTimerWithAPeriodOfZero(t *testing.T) {
	queue := newQueue(t)
	events := make([]kqueue.Event, 1)
	n, err := queue.Control([]kqueue.Event{timer(1, kqueue.EvOneShot, 0, 0)}, events, soon)
	if n != 1 || err != nil || events[0].Filter != kqueue.FilterTimer {
		t.Errorf("%d events, first %v, %v", n, events[0], err)
	}
}

func TestEnormousTimersDoNotExpire(t *testing.T) {
	queue := newQueue(t)
	for i, unit := range []kqueue.Fflags{0, kqueue.NoteSeconds, kqueue.NoteUSeconds} {
		for j, data := range []int64{math.MaxInt64, math.MaxInt64 / 1000, 1 << 40} {
			events := make([]kqueue.Event, 1)
			// Some systems refuse periods that they cannot represent.
			n, err := queue.Control([]kqueue.Event{timer(10*i+j, 0, unit, data)}, events, 0)
			if err == nil && n == 1 && (events[0].Flags&kqueue.EvError == 0 || events[0].Data == 0) {
				t.Errorf("a timer of %d units %v expired: %v", data, unit, events[0])
			}
		}
	}
	none(t, queue)
}
