//go:build unix || windows

package suite

import (
	"testing"

	"iomux/internal/wine"
)

var manyTests = []test{
	{name: "AllReadyInAShortList", memory: true, run: shortList},
	{name: "TurnsAreFair", memory: true, run: fairTurns},
	{name: "ThousandsTakeTurns", memory: true, run: thousandsOfTurns},
	{name: "RegisteredAndUnregisteredAllTheTime", run: churn},
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
	const rounds = 4
	descriptors := m.thousands(t)
	if m.Brief {
		descriptors /= 10
	}
	room := descriptors / 15
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
	rounds := 300
	if wine.Running() { // which takes long to make a socket
		rounds = 50
	}
	for range rounds {
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
