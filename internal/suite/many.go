//go:build unix || windows

package suite

import (
	"runtime"
	"testing"
)

var manyTests = []test{
	{name: "ThousandsOfDescriptors", run: thousands},
	{name: "AllReadyInAShortList", memory: true, run: shortList},
	{name: "TurnsAreFair", memory: true, run: fairTurns},
	{name: "ThousandsTakeTurns", memory: true, run: thousandsOfTurns},
	{name: "RegisteredAndUnregisteredAllTheTime", run: churn},
}

// thousands watches 3000 descriptors of which a few are ready.
func thousands(t *testing.T, m Mechanism) {
	const descriptors = 3000
	m.needs(t, 1000+descriptors)
	raiseLimit(t, 1000+descriptors+100)
	r, _ := Pipe(t)
	ready, w := Pipe(t)
	waiter := object(t, m)
	Write(t, w)
	want := make(map[int]bool)
	for i := range descriptors {
		source := r
		if i%500 == 7 {
			source = ready
		}
		fd := High(t, source, 1000)
		want[fd] = source == ready
		must(t, waiter.Register(fd, In, Level))
	}
	seen := 0
	for _, event := range wait(t, waiter, descriptors, soon) {
		if !want[event.FD] {
			t.Errorf("descriptor %d is reported, and is not ready", event.FD)
		}
		seen++
	}
	if seen != descriptors/500 {
		t.Errorf("%d were reported, want %d", seen, descriptors/500)
	}
}

func shortList(t *testing.T, m Mechanism) {
	const descriptors, room = 100, 7
	waiter := object(t, m)
	left := make(map[int]bool)
	for range descriptors {
		r, w := Pipe(t)
		Write(t, w)
		left[r] = true
		must(t, waiter.Register(r, In, Level))
	}
	for len(left) > 0 {
		events := wait(t, waiter, room, 0)
		if len(events) == 0 || len(events) > room {
			t.Fatalf("%d events with room for %d, and %d not seen yet", len(events), room, len(left))
		}
		for _, event := range events {
			if !left[event.FD] {
				t.Fatalf("descriptor %d is reported, and was read empty", event.FD)
			}
			Drain(t, event.FD)
			delete(left, event.FD)
		}
	}
	expectNothing(t, waiter)
}

// fairTurns reads nothing, so that all stay ready: with room for one, each must be reported as often as the others.
func fairTurns(t *testing.T, m Mechanism) {
	const descriptors, rounds = 5, 20
	waiter := object(t, m)
	count := make(map[int]int)
	for range descriptors {
		r, w := Pipe(t)
		Write(t, w)
		must(t, waiter.Register(r, In, Level))
	}
	for range descriptors * rounds {
		for _, event := range wait(t, waiter, 1, 0) {
			count[event.FD]++
		}
	}
	for fd, n := range count {
		if n != rounds {
			t.Errorf("descriptor %d was reported %d times, want %d: %v", fd, n, rounds, count)
		}
	}
	if len(count) != descriptors {
		t.Errorf("reported were %v, want %d descriptors", count, descriptors)
	}
}

// thousandsOfTurns is fairTurns with thousands that are all ready, and a list that is much shorter.
func thousandsOfTurns(t *testing.T, m Mechanism) {
	descriptors, rounds := 3000, 4
	if m.Brief || runtime.GOOS == "windows" { // under Wine each costs milliseconds
		descriptors = 300
	}
	room := descriptors / 15
	m.needs(t, 1000+descriptors)
	raiseLimit(t, 1000+descriptors+100)
	r, w := Pipe(t)
	Write(t, w)
	waiter := object(t, m)
	count := make(map[int]int)
	for range descriptors {
		must(t, waiter.Register(High(t, r, 1000), In, Level))
	}
	for range descriptors / room * rounds {
		for _, event := range wait(t, waiter, room, 0) {
			count[event.FD]++
		}
	}
	for fd, n := range count {
		if n > 2*rounds { // the halves of an emulation may not be in step
			t.Fatalf("descriptor %d was reported %d times, want %d or so", fd, n, rounds)
		}
	}
	if len(count) != descriptors {
		t.Errorf("%d descriptors were reported, want %d", len(count), descriptors)
	}
}

func churn(t *testing.T, m Mechanism) {
	waiter := object(t, m)
	bell, ring := Pipe(t)
	must(t, waiter.Register(bell, In, Level))
	for range 300 {
		r, w := Pipe(t)
		must(t, waiter.Register(r, In, Level))
		must(t, waiter.Register(w, In, Level))
		expectEmpty(t, waiter)
		must(t, waiter.Unregister(w))
		must(t, waiter.Unregister(r))
		Close(t, r)
		Close(t, w)
	}
	Write(t, ring)
	expect(t, m, waiter, bell, In, Hup)
}

func expectEmpty(t *testing.T, waiter Waiter) {
	t.Helper()
	if events := wait(t, waiter, 4, 0); len(events) != 0 {
		t.Fatalf("events are %v, want none", events)
	}
}
