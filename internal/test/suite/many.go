//go:build unix || windows

package suite

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/test/wine"
)

var manyTests = []test{
	{name: "AllReadyInAShortList", memory: true, run: shortList},
	{name: "OneOfManyIsReady", run: oneOfMany},
	{name: "ManyAreModifiedAtRandom", run: modifiedAtRandom},
	{name: "TurnsAreFair", memory: true, run: fairTurns},
	{name: "ThoseThatAreArmedAgainStarveNoOther", modes: OneShot, run: armedAgain},
	{name: "ReadyIsFoundBehindThoseThatWere", memory: true, alone: true, run: behindSpent},
	{name: "ThousandsTakeTurns", memory: true, alone: true, run: thousandsOfTurns},
	{name: "RegisteredAndUnregisteredAllTheTime", run: churn},
	{name: "ManyObjectsLeaveNothingOpen", alone: true, run: leavesNothing},
}

func shortList(t *testing.T, m Mechanism) {
	const descriptors, room = 100, 7
	waiter := object(t, m)
	left := make(map[int]bool)
	for range descriptors {
		r, w := Pipe(t)
		Write(t, w)
		left[r] = true
		Must(t, waiter.Register(r, In, Level))
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

// behindSpent makes many descriptors ready, and unready again before the wait. Their dropped events
// must not hide the ready descriptor, even after the timeout.
func behindSpent(t *testing.T, m Mechanism) {
	spend := map[string]func(waiter Waiter, r int){
		"read":         func(_ Waiter, r int) { Drain(t, r) },
		"unregistered": func(waiter Waiter, r int) { Must(t, waiter.Unregister(r)) },
		"modified":     func(waiter Waiter, r int) { Must(t, waiter.Modify(r, Pri&m.Reports, Level)) },
	}
	if m.ReportsClosed == Forgotten {
		spend["closed"] = func(_ Waiter, r int) { Close(t, r) }
	}
	for name, spend := range spend {
		for _, mode := range m.allModes() {
			for _, timeout := range []time.Duration{0, 1} {
				t.Run(fmt.Sprintf("%s, mode %v, a wait of %v", name, mode, timeout), func(t *testing.T) {
					behind(t, m, mode, timeout, spend)
				})
			}
		}
	}
}

func behind(t *testing.T, m Mechanism, mode Mode, timeout time.Duration, spend func(waiter Waiter, r int)) {
	waiter := object(t, m)
	var fds [41]int
	for i := range fds {
		r, w := Pipe(t)
		fds[i] = r
		Must(t, waiter.Register(r, In, mode))
		Write(t, w)
	}
	ready := fds[len(fds)/2]
	for _, fd := range fds {
		if fd != ready {
			spend(waiter, fd)
		}
	}
	if err := matches(m, wait(t, waiter, 1, timeout), ready, In, Hup); err != nil {
		t.Error(err)
	}
}

// oneOfMany makes one descriptor after the other ready, in random order, and unregisters it.
func oneOfMany(t *testing.T, m Mechanism) {
	const descriptors = 100
	waiter := object(t, m)
	writers := make(map[int]int)
	for range descriptors {
		r, w := Pipe(t)
		writers[r] = w
		Must(t, waiter.Register(r, In, Level))
	}
	for r, w := range writers {
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		Drain(t, r)
		Must(t, waiter.Unregister(r))
	}
	expectNothing(t, waiter)
}

// modifiedAtRandom registers writable sockets for random conditions. Those with Out are reported,
// in one-shot mode only once.
func modifiedAtRandom(t *testing.T, m Mechanism) {
	const sockets, rounds = 300, 5
	mode, room := OneShot&m.Modes, 64
	if mode == Level {
		room = sockets
	}
	waiter := object(t, m)
	var all []int
	for range sockets {
		fd := Socket(t, syscall.SOCK_DGRAM)
		Bind(t, fd)
		Must(t, waiter.Register(fd, 0, mode))
		all = append(all, fd)
	}
	for range rounds {
		left := make(map[int]bool)
		for _, fd := range all {
			asked := Events(rand.Uint()) & m.Reports &^ Nval
			Must(t, waiter.Modify(fd, asked, mode))
			if asked&Out != 0 {
				left[fd] = true
			}
		}
		for len(left) > 0 {
			events := wait(t, waiter, room, soon)
			if len(events) == 0 {
				t.Fatalf("%d were not reported", len(left))
			}
			for _, event := range events {
				if !left[event.FD] || event.Events != Out {
					t.Fatalf("event is %+v", event)
				}
				delete(left, event.FD)
			}
		}
		if mode == OneShot {
			expectEmpty(t, waiter)
		}
	}
}

// fairTurns reads nothing, so that all descriptors stay ready. With room for one event, each must
// be reported equally often.
func fairTurns(t *testing.T, m Mechanism) {
	const descriptors, rounds = 5, 20
	waiter := object(t, m)
	count := make(map[int]int)
	for range descriptors {
		r, w := Pipe(t)
		Write(t, w)
		Must(t, waiter.Register(r, In, Level))
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

// armedAgain arms each descriptor again as soon as it is reported. A descriptor that becomes ready
// later must still be reported. On Windows that may take some milliseconds.
func armedAgain(t *testing.T, m Mechanism) {
	const descriptors, room, rounds = 20, 3, 100
	waiter := object(t, m)
	late, writer := Pipe(t)
	Must(t, waiter.Register(late, In, OneShot))
	for range descriptors {
		r, w := Pipe(t)
		Write(t, w)
		Must(t, waiter.Register(r, In, OneShot))
	}
	for turn := range rounds * descriptors / room {
		for _, event := range wait(t, waiter, room, soon) {
			if event.FD == late {
				return
			}
			Must(t, waiter.Modify(event.FD, In, OneShot))
		}
		if turn == 0 {
			Write(t, writer)
		}
	}
	t.Errorf("descriptor %d has not had its turn", late)
}

// thousandsOfTurns is fairTurns with thousands of ready descriptors and a much shorter list.
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
		Must(t, waiter.Register(High(t, r, 1000), In, Level))
	}
	for range descriptors / room * rounds {
		for _, event := range wait(t, waiter, room, 0) {
			count[event.FD]++
		}
	}
	for fd, n := range count {
		if n > 2*rounds { // the two halves of an emulation may differ by a round
			t.Fatalf("descriptor %d was reported %d times, want %d or so", fd, n, rounds)
		}
	}
	if len(count) != descriptors {
		t.Errorf("%d descriptors were reported, want %d", len(count), descriptors)
	}
}

func churn(t *testing.T, m Mechanism) {
	waiter := object(t, m)
	reader, writer := Pipe(t)
	Must(t, waiter.Register(reader, In, Level))
	rounds := 300
	if wine.Running() { // which takes long to create a socket
		rounds = 50
	}
	for range rounds {
		r, w := Pipe(t)
		Must(t, waiter.Register(r, In, Level))
		Must(t, waiter.Register(w, In, Level))
		expectEmpty(t, waiter)
		Must(t, waiter.Unregister(w))
		Must(t, waiter.Unregister(r))
		Close(t, r)
		Close(t, w)
	}
	Write(t, writer)
	expect(t, m, waiter, reader, In, Hup)
}

// leavesNothing compares the number of open descriptors before and after many objects.
func leavesNothing(t *testing.T, m Mechanism) {
	const few, cycles = 10, 60
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	cycle := func() {
		waiter, err := m.New()
		Must(t, err)
		Must(t, waiter.Register(a, In, Level))
		Must(t, waiter.Register(b, Out, OneShot&m.Modes))
		expect(t, m, waiter, b, Out, In|Err|Hup)
		Must(t, waiter.Modify(b, In, OneShot&m.Modes))
		if events := wait(t, waiter, 1, time.Microsecond); len(events) != 0 {
			t.Fatalf("events are %v, want none", events)
		}
		Must(t, waiter.Unregister(a))
		var all sync.WaitGroup
		if m.Wakes {
			all.Go(func() { _, _ = waiter.Wait(1, -1) })
		}
		Must(t, waiter.Close())
		all.Wait()
	}
	for range few { // until the runtime has started its threads
		cycle()
	}
	before := leak.Count()
	for range cycles {
		cycle()
	}
	// On Windows every new thread of the runtime has some handles.
	if after := leak.Count(); after > before+cycles/2 {
		t.Errorf("%d are open, %d were before", after, before)
	}
}

func expectEmpty(t *testing.T, waiter Waiter) {
	t.Helper()
	if events := wait(t, waiter, 4, 0); len(events) != 0 {
		t.Fatalf("events are %v, want none", events)
	}
}
