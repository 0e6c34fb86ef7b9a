//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// lasting holds conditions that last, requested alone. Each function makes its condition hold for
// the descriptor that it returns.
var lasting = map[string]func(t *testing.T) (fd int, requested, want uint32){
	"hang-up": func(t *testing.T) (int, uint32, uint32) {
		r, w := suite.Pipe(t)
		suite.Close(t, w)
		return r, 0, Hup
	},
	"shutdown": func(t *testing.T) (int, uint32, uint32) {
		a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
		suite.ShutDown(t, b)
		return a, RdHup, RdHup
	},
	"urgent data": func(t *testing.T) (int, uint32, uint32) {
		if !HasUrgent() {
			t.Skip("this system does not report urgent data")
		}
		client, server := suite.TCPPair(t)
		suite.SendUrgent(t, client)
		suite.Await(t, server, suite.Pri)
		return server, Pri, Pri
	},
}

// takesNow checks that a Take without a timeout returns one event.
func takesNow(t *testing.T, e *Epoll, fd int, want uint32) {
	t.Helper()
	room := make([]Event, 2)
	n, err := e.Take(room, 0)
	if n != 1 || err != nil || room[0].FD != int32(fd) || room[0].Events != want {
		t.Fatalf("Take: %+v, %v, want %d with %#x", room[:n], err, fd, want)
	}
}

// One Take has an event from the kernel, and has not renewed its filter. Another Take must report
// the event as well.
func TestLastingEventIsReportedBesideATake(t *testing.T) {
	for name, condition := range lasting {
		t.Run(name, func(t *testing.T) {
			fd, requested, want := condition(t)
			e, take := opened(t)
			must(t, e.Add(fd, requested, 0))
			e.enter()
			late := take()
			takesNow(t, e, fd, want)
			if events := merged(e, late); len(events) != 1 || events[0].Events != want {
				t.Errorf("the first Take returns %+v", events)
			}
			e.leave()
			takesNow(t, e, fd, want)
		})
	}
}

func skipIfReportedLater(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "freebsd" {
		t.Skip("FreeBSD reports a kqueue inside another a moment later (kqueue_schedtask)")
	}
}

// nested returns an Epoll that holds fd, and another one that holds the first. It also returns the
// function of opened that takes the kernel's events of the first.
func nested(t *testing.T, fd int, requested uint32) (inner, outer *Epoll, take func() []kqueue.Event) {
	t.Helper()
	inner, take = opened(t)
	outer, _ = opened(t)
	must(t, inner.Add(fd, requested, 0))
	must(t, outer.Add(inner.FD(), In, 0))
	return inner, outer, take
}

func TestNestedEpollIsReportedBesideATake(t *testing.T) {
	skipIfReportedLater(t)
	for name, condition := range lasting {
		t.Run(name, func(t *testing.T) {
			fd, requested, _ := condition(t)
			inner, outer, take := nested(t, fd, requested)
			inner.enter()
			late := take()
			takesNow(t, outer, inner.FD(), In)
			merged(inner, late)
			inner.leave()
			takesNow(t, outer, inner.FD(), In)
		})
	}
}

// A Take of the outer epoll takes the events of the inner one for a moment.
func TestInnerEpollIsReadyBesideOuterTakes(t *testing.T) {
	skipIfReportedLater(t)
	for name, condition := range lasting {
		t.Run(name, func(t *testing.T) {
			fd, requested, want := condition(t)
			inner, outer, _ := nested(t, fd, requested)
			var over atomic.Bool
			var others sync.WaitGroup
			others.Go(func() {
				for !over.Load() {
					if n, err := outer.Take(make([]Event, 1), 0); n != 1 || err != nil {
						t.Errorf("Take of the outer epoll: %d, %v", n, err)
					}
				}
			})
			defer others.Wait()
			defer over.Store(true)
			for range 500 {
				takesNow(t, inner, fd, want)
			}
		})
	}
}

// The number of an ended file belongs to another ended file before its event is merged.
func TestFilterIsNotRenewedForAnotherFile(t *testing.T) {
	e, take := opened(t)
	r, w := suite.Pipe(t)
	other, end := suite.Pipe(t)
	must(t, e.Add(r, 0, 1))
	suite.Close(t, w)
	suite.Close(t, end)
	late := take()
	must(t, unix.Dup2(other, r))
	if events := merged(e, late); len(events) != 0 {
		t.Errorf("events are %+v, want none", events)
	}
	if isPending(t, e) {
		t.Error("the next file of the number is registered")
	}
}
