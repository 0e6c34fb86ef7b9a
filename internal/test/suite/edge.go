//go:build unix || windows

package suite

import (
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var edgeTests = []test{
	{name: "EdgeReportsEachArrivalOnce", modes: Edge, run: edgeOnce},
	{name: "EdgeComesAgainAfterReadingAll", modes: Edge, run: edgeAgain},
	{name: "EdgeReportsWhatWasReadyBeforeRegister", modes: Edge, run: edgeBefore},
	{name: "EdgeReportsAnewAfterModify", modes: Edge, run: edgeModify},
	{name: "EdgeWakesExactlyOneWaiter", modes: Edge, live: true, run: edgeOneWaiter},
	{name: "EdgeLosesNoWakeUp", modes: Edge, live: true, run: edgeNoneLost},
	{name: "EdgeModifyRacingAWaitLosesNothing", modes: Edge, live: true, run: edgeModifyRace},
	{name: "OneShotFiresOnceUntilModified", modes: OneShot, run: oneShotOnce},
	{name: "OneShotReportsAHangUpOnce", modes: OneShot, run: oneShotHangUp},
	{name: "OneShotGoesToOneWaiter", modes: OneShot, live: true, run: oneShotOneWaiter},
	{name: "OneShotAndEdgeTogether", modes: OneShot | Edge, run: oneShotEdge},
}

func edgeOnce(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Edge)
	for range 3 {
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		expectNothing(t, waiter)
	}
	Drain(t, r)
	expectNothing(t, waiter)
}

// edgeAgain reads and writes until EAGAIN. Data that arrives after that is a new edge.
func edgeAgain(t *testing.T, m Mechanism) {
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, a, In|Out, Edge)
	expect(t, m, waiter, a, Out, In)
	Fill(t, a)
	expectNothing(t, waiter)
	for range 3 {
		Write(t, b)
		expect(t, m, waiter, a, In, Hup|Out)
		Drain(t, a)
		expectNothing(t, waiter)
	}
	Drain(t, b)
	expect(t, m, waiter, a, Out, Hup)
}

func edgeBefore(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	Write(t, w)
	waiter := watching(t, m, r, In, Edge)
	expect(t, m, waiter, r, In, Hup)
	expectNothing(t, waiter)
}

func edgeModify(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Edge)
	Write(t, w)
	expect(t, m, waiter, r, In, Hup)
	Must(t, waiter.Modify(r, In, Edge))
	expect(t, m, waiter, r, In, Hup)
	expectNothing(t, waiter)
}

// edgeOneWaiter makes ten goroutines wait, writes single bytes, and counts the wake-ups.
func edgeOneWaiter(t *testing.T, m Mechanism) {
	const waiters, rounds = 10, 100
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Edge)
	taken := make(chan error)
	var all sync.WaitGroup
	for range waiters {
		all.Go(func() {
			for {
				events, err := waiter.Wait(1, soon)
				if err != nil {
					return // the object was closed
				}
				taken <- matches(m, events, r, In, 0)
			}
		})
	}
	for range rounds {
		Write(t, w)
		Must(t, <-taken)
		select {
		case err := <-taken:
			t.Fatal("two waiters were woken by one edge:", err)
		default:
		}
	}
	finish(t, m, waiter, &all, taken)
}

// finish ends the waiting goroutines by closing the object.
func finish(t *testing.T, m Mechanism, waiter Waiter, all *sync.WaitGroup, taken chan error) {
	if !m.Wakes {
		t.Fatal("this test needs a mechanism with Close")
	}
	Must(t, waiter.Close())
	go func() { all.Wait(); close(taken) }()
	for err := range taken {
		t.Error("an event after the last edge:", err)
	}
}

// edgeNoneLost writes to ten descriptors from ten goroutines. Each waits until one of ten waiters
// has taken its byte, so that a lost wake-up blocks it forever.
func edgeNoneLost(t *testing.T, m Mechanism) {
	const descriptors, rounds = 10, 300
	waiter := object(t, m)
	reader := make(map[int]chan struct{})
	var writers, waiters sync.WaitGroup
	for range descriptors {
		r, w := Pipe(t)
		taken := make(chan struct{})
		reader[r] = taken
		Must(t, waiter.Register(r, In, Edge))
		writers.Go(func() {
			for range rounds {
				if _, err := write(w, []byte{'x'}); err != nil {
					t.Error("write:", err)
					return
				}
				<-taken
			}
		})
	}
	for range descriptors {
		waiters.Go(func() {
			for {
				events, err := waiter.Wait(3, -1)
				if err != nil {
					return // the object was closed
				}
				for _, event := range events {
					var buffer [1]byte
					if n, _ := read(event.FD, buffer[:]); n == 1 {
						reader[event.FD] <- struct{}{}
					}
				}
			}
		})
	}
	writers.Wait()
	Must(t, waiter.Close())
	waiters.Wait()
}

// edgeModifyRace modifies a registration repeatedly while another goroutine waits. Every byte must
// be reported.
func edgeModifyRace(t *testing.T, m Mechanism) {
	rounds := 100_000
	if testing.Short() || m.Brief {
		rounds = 10_000
	}
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Edge)
	var stop atomic.Bool
	var modifier sync.WaitGroup
	modifier.Go(func() {
		for !stop.Load() {
			if err := waiter.Modify(r, In, Edge); err != nil {
				t.Error("modify:", err)
				return
			}
		}
	})
	for range rounds {
		Write(t, w)
		for Drain(t, r) == 0 { // Modify may report a byte that was already read
			if events := wait(t, waiter, 1, soon); len(events) != 1 {
				t.Fatal("a written byte was not reported")
			}
		}
	}
	stop.Store(true)
	modifier.Wait()
}

func oneShotOnce(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, OneShot)
	for range 3 {
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		Write(t, w)
		expectNothing(t, waiter)
		Must(t, waiter.Modify(r, In, OneShot))
		expect(t, m, waiter, r, In, Hup)
		Drain(t, r)
		Must(t, waiter.Modify(r, In, OneShot))
	}
}

func oneShotHangUp(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, OneShot)
	Close(t, w)
	expect(t, m, waiter, r, hangUp(m), 0)
	expectNothing(t, waiter)
	Must(t, waiter.Modify(r, In, OneShot))
	expect(t, m, waiter, r, hangUp(m), 0)
}

func oneShotOneWaiter(t *testing.T, m Mechanism) {
	const waiters, rounds = 8, 100
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, OneShot)
	taken := make(chan error)
	var all sync.WaitGroup
	for range waiters {
		all.Go(func() {
			for {
				events, err := waiter.Wait(1, -1)
				if err != nil {
					return // the object was closed
				}
				taken <- matches(m, events, r, In, 0)
			}
		})
	}
	Write(t, w)
	for range rounds {
		Must(t, <-taken)
		select {
		case err := <-taken:
			t.Fatal("two waiters got one event:", err)
		default:
		}
		Must(t, waiter.Modify(r, In, OneShot))
	}
	Must(t, <-taken)
	finish(t, m, waiter, &all, taken)
}

func oneShotEdge(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, OneShot|Edge)
	Write(t, w)
	expect(t, m, waiter, r, In, Hup)
	Write(t, w)
	expectNothing(t, waiter)
	Must(t, waiter.Modify(r, In, OneShot|Edge))
	expect(t, m, waiter, r, In, Hup)
}
