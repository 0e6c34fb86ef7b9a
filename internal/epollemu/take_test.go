//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// opened returns an Epoll, with a function that takes events from its kqueue without digesting
// them.
func opened(t *testing.T) (e *Epoll, take func() []kqueue.Event) {
	t.Helper()
	e, err := New()
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return e, func() []kqueue.Event {
		t.Helper()
		kevents := make([]kqueue.Event, 1)
		// FreeBSD activates a queue of queues a moment later.
		if n, err := e.queue.Control(nil, kevents, 20*time.Second); n != 1 || err != nil {
			t.Fatalf("Control: %d, %v, want one event", n, err)
		}
		return kevents
	}
}

var must = suite.Must

// merged turns events of the kqueue into events of the epoll.
func merged(e *Epoll, kevents []kqueue.Event) []Event {
	room := make([]Event, len(kevents))
	return room[:e.merge(kevents, room)]
}

// isPending reports whether poll(2) finds a pending event in the Epoll.
func isPending(t *testing.T, e *Epoll) bool {
	t.Helper()
	list := []sys.PollFD{{FD: int32(e.FD()), Events: sys.PollIn}}
	pollAll(list)
	return list[0].Revents != 0
}

// Another goroutine changes the registration after a wait and before merge.
func TestLateEventsAreDropped(t *testing.T) {
	for name, change := range map[string]func(e *Epoll, fd int) error{
		"modify": func(e *Epoll, fd int) error { return e.Modify(fd, In, 2) },
		"remove": func(e *Epoll, fd int) error { return e.Remove(fd) },
		"replace": func(e *Epoll, fd int) error {
			_ = e.Remove(fd)
			return e.Add(fd, In, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, take := opened(t)
			r, w := suite.Pipe(t)
			suite.Write(t, w)
			must(t, e.Add(r, In, 1))
			late := take()
			must(t, change(e, r))
			if events := merged(e, late); len(events) != 0 {
				t.Errorf("events are %+v, want none", events)
			}
		})
	}
}

// Two goroutines take the two directions of a one-shot registration.
func TestOneShotReportsOneOfTwoDirections(t *testing.T) {
	e, take := opened(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	suite.Write(t, b)
	must(t, e.Add(a, In|Out|OneShot, 1))
	first, second := take(), take()
	if events := merged(e, first); len(events) != 1 || events[0].Events != In|Out {
		t.Errorf("events are %+v, want In|Out", events)
	}
	if events := merged(e, second); len(events) != 0 {
		t.Errorf("events are %+v, want none", events)
	}
}

func TestOneShotLeavesNothingPending(t *testing.T) {
	e, take := opened(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	suite.Write(t, b)
	must(t, e.Add(a, In|Out|OneShot, 1))
	merged(e, take())
	if isPending(t, e) {
		t.Error("an event is pending after the one-shot report")
	}
}

// Another reader takes the data before it is reported.
func TestOneShotWithoutReportStaysArmed(t *testing.T) {
	e, take := opened(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	suite.Fill(t, a)
	must(t, e.Add(a, In|Out|OneShot, 1))
	suite.Write(t, b)
	late := take()
	suite.Drain(t, a)
	if events := merged(e, late); len(events) != 0 {
		t.Skipf("this kernel still reports %+v", events)
	}
	suite.Write(t, b)
	if events := merged(e, take()); len(events) != 1 || events[0].Events != In {
		t.Errorf("events are %+v, want In", events)
	}
}

func TestUrgentDataIsReportedAsLongAsItLasts(t *testing.T) {
	if !HasUrgent() {
		t.Skip("this system does not report urgent data")
	}
	e, _ := opened(t)
	client, server := suite.TCPPair(t)
	must(t, e.Add(server, Pri, 1))
	suite.SendUrgent(t, client)
	room := make([]Event, 1)
	for range 3 {
		if n, err := e.Take(room, -1); n != 1 || err != nil || room[0].Events != Pri {
			t.Fatalf("Take: %+v, %v, want Pri", room[:n], err)
		}
	}
}

// A filter without a registration would be reported in every wait.
func TestStrayFilterIsRemoved(t *testing.T) {
	e, _ := opened(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	stray := kqueue.Event{Ident: uint64(r), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd}
	_, err := e.queue.Control([]kqueue.Event{stray}, nil, 0)
	must(t, err)
	if n, err := e.Take(make([]Event, 1), 0); n != 0 || err != nil {
		t.Errorf("Take: %d, %v, want nothing", n, err)
	}
	if isPending(t, e) {
		t.Error("the filter was not removed")
	}
}

func TestEndOfThePeerIsReportedToAWriterWithoutRoom(t *testing.T) {
	e, _ := opened(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	suite.Fill(t, a)
	must(t, e.Add(a, Out|RdHup, 1))
	suite.ShutDown(t, b)
	room := make([]Event, 1)
	for range 2 {
		if n, err := e.Take(room, -1); n != 1 || err != nil || room[0].Events != RdHup {
			t.Fatalf("Take: %+v, %v, want RdHup", room[:n], err)
		}
	}
}

func TestArrivalIsNotReportedIfOnlyTheEndIsRequested(t *testing.T) {
	e, _ := opened(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	must(t, e.Add(a, RdHup, 1))
	suite.Write(t, b)
	suite.Await(t, a, suite.In)
	if n, err := e.Take(make([]Event, 1), 0); n != 0 || err != nil {
		t.Errorf("Take: %d, %v, want nothing", n, err)
	}
}

// Native kernels report a kqueue also after its events have ceased.
func TestNestedEpollWhoseEventHasCeasedIsNotReported(t *testing.T) {
	inner, _ := opened(t)
	outer, take := opened(t)
	r, w := suite.Pipe(t)
	must(t, inner.Add(r, In, 1))
	must(t, outer.Add(inner.FD(), In, 2))
	suite.Write(t, w)
	late := take()
	suite.Drain(t, r)
	if events := merged(outer, late); len(events) != 0 {
		t.Errorf("events are %+v, want none", events)
	}
	suite.Write(t, w)
	if events := merged(outer, take()); len(events) != 1 || events[0].Events != In {
		t.Errorf("events are %+v, want In", events)
	}
}

func TestNestedEpollKeepsItsEvents(t *testing.T) {
	for name, mode := range map[string]uint32{"level": 0, "edge": ET, "one-shot": OneShot} {
		t.Run(name, func(t *testing.T) {
			inner, _ := opened(t)
			outer, _ := opened(t)
			a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
			must(t, inner.Add(a, In|Out|RdHup|mode, 1))
			must(t, outer.Add(inner.FD(), In, 2))
			suite.Write(t, b)
			takes := func(e *Epoll, want ...Event) {
				t.Helper()
				room := make([]Event, 2)
				n, err := e.Take(room, 0)
				if err != nil || !slices.Equal(room[:n], want) {
					t.Fatalf("Take: %+v, %v, want %+v", room[:n], err, want)
				}
			}
			for range 3 {
				takes(outer, Event{Events: In, FD: int32(inner.FD()), Data: 2})
			}
			takes(inner, Event{Events: In | Out, FD: int32(a), Data: 1})
			if mode != 0 {
				takes(inner)
				takes(outer)
			}
		})
	}
}
