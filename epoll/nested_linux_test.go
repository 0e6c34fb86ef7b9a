package epoll_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// nest returns a Poller that holds the reading end of a pipe, and one that holds that Poller.
func nest(t testing.TB, mode epoll.Events) (inner, outer *epoll.Poller, w int) {
	t.Helper()
	inner, outer = newPoller(t), newPoller(t)
	r, w := suite.Pipe(t)
	must(t, inner.Register(r, epoll.In))
	must(t, outer.Register(inner.FD(), epoll.In|mode))
	return inner, outer, w
}

func TestNestedEdgeWakesOneOfTwoOuterWaiters(t *testing.T) {
	for range 20 {
		_, outer, w := nest(t, epoll.ET)
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := outer.Poll(make([]epoll.Event, 1), -1)
				ended <- err
			}()
		}
		waitUntilWaiting(t, 2)
		suite.Write(t, w)
		must(t, <-ended)
		select {
		case err := <-ended:
			t.Fatal("both waiters were woken by one edge:", err)
		case <-time.After(5 * time.Millisecond):
		}
		must(t, outer.Close())
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Fatalf("Poll: %v, want os.ErrClosed", err)
		}
	}
}

// The waiter on the outer Poller may miss the event, but not the waiter on the inner one.
func TestInnerWaiterWakesBesideAnOuterEdge(t *testing.T) {
	for range 20 {
		inner, outer, w := nest(t, epoll.ET)
		outerEnded := waitInBackground(outer, make([]epoll.Event, 1))
		woken := make(chan int, 1)
		go func() {
			n, _ := inner.Poll(make([]epoll.Event, 1), soon)
			woken <- n
		}()
		waitUntilWaiting(t, 2)
		suite.Write(t, w)
		if n := <-woken; n != 1 {
			t.Fatal("the waiter on the inner poller was not woken")
		}
		must(t, outer.Close())
		if err := <-outerEnded; err != nil && !errors.Is(err, os.ErrClosed) {
			t.Fatal("Poll:", err)
		}
	}
}

// A file can be in at most 500 nested epolls, so the Pollers must not share one.
func TestManyPollersInsideOne(t *testing.T) {
	const pollers = 600
	suite.Limit(t, 3*pollers)
	outer := newPoller(t)
	var last *epoll.Poller
	for range pollers {
		last = newPoller(t)
		must(t, outer.Register(last.FD(), epoll.In))
	}
	r, w := suite.Pipe(t)
	must(t, last.Register(r, epoll.In))
	suite.Write(t, w)
	if event := one(t, outer); event.FD != int32(last.FD()) {
		t.Errorf("event is %v, want one of the last poller", event)
	}
	suite.Drain(t, r)
	ended := waitInBackground(last, make([]epoll.Event, 1))
	waitUntilWaiting(t, 1)
	must(t, last.Close())
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Poll: %v, want os.ErrClosed", err)
	}
}
