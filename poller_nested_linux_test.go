package iomux_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/test/suite"
)

// inner is an epoll that holds the reading end of a pipe.
func inner(t *testing.T) (e *epoll.Poller, fd, w int) {
	t.Helper()
	e, err := epoll.New()
	must(t, err)
	t.Cleanup(func() { _ = e.Close() }) // a test may have closed it
	fd, w = suite.Pipe(t)
	must(t, e.Register(fd, epoll.In))
	return e, fd, w
}

// An epoll is a source that is readable while one of its descriptors is ready.
func TestEpollAsASource(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		e, fd, w := inner(t)
		r := register(t, p, e, iomux.Readable)
		expectNothing(t, p)
		for range 2 {
			time.AfterFunc(time.Millisecond, func() { _, _ = unix.Write(w, []byte{1}) })
			expect(t, p, r, iomux.Readable)
			expect(t, p, r, iomux.Readable) // level-triggered
			suite.Drain(t, fd)
			expectNothing(t, p)
		}
	})
}

// startWaits starts two waits, and returns a channel of the numbers of their events.
func startWaits(p *iomux.Poller[int]) <-chan int {
	counts := make(chan int, 2)
	for range 2 {
		go func() {
			var events [1]iomux.Event[int]
			n, _ := p.Wait(context.Background(), events[:])
			counts <- n
		}()
	}
	time.Sleep(quiet)
	return counts
}

// A goroutine that waits on the inner epoll itself also wakes.
func TestLevelOfAnEpollIsReportedToAllWaiters(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		e, _, w := inner(t)
		register(t, p, e, iomux.Readable)
		below := make(chan int, 1)
		go func() {
			n, _ := e.Poll(make([]epoll.Event, 1), soon)
			below <- n
		}()
		counts := startWaits(p)
		suite.Write(t, w)
		for range 2 {
			if n := <-counts; n != 1 {
				t.Errorf("a waiter got %d events, want 1", n)
			}
		}
		if n := <-below; n != 1 {
			t.Errorf("the waiter on the inner epoll got %d events, want 1", n)
		}
	})
}

func TestEdgeOfAnEpollIsReportedToOneWaiter(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Edge) {
			t.Skip("this mechanism has no edge-triggered mode")
		}
		e, _, w := inner(t)
		register(t, p, e, iomux.Readable|iomux.Edge)
		counts := startWaits(p)
		suite.Write(t, w)
		if n := <-counts; n != 1 {
			t.Errorf("the first waiter got %d events, want 1", n)
		}
		select {
		case n := <-counts:
			t.Errorf("one edge ended both waits, the second with %d events", n)
		case <-time.After(quiet):
		}
		must(t, p.Close())
		if n := <-counts; n != 0 {
			t.Errorf("the second waiter got %d events after Close", n)
		}
	})
}

// While a goroutine sleeps, another one replaces the epoll, because it reports a closed descriptor.
// The sleeping goroutine sees later registrations.
func TestRenewalReachesASleepingWaiter(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		mode := iomux.Readable
		if p.Supports(iomux.Edge) {
			// One of the two sees each event, and the other one continues to sleep.
			mode |= iomux.Edge
		}
		for i := range 100 {
			duplicate, w := suite.Pipe(t)
			fd := suite.High(t, duplicate, 300+i)
			r := register(t, p, fd, mode)
			suite.Close(t, fd)
			must(t, r.Unregister())
			woken := make(chan iomux.Event[int], 1)
			go func() {
				var events [1]iomux.Event[int]
				if _, err := p.Wait(context.Background(), events[:]); err != nil {
					t.Error("wait:", err)
				}
				woken <- events[0]
			}()
			time.Sleep(quiet / 20)
			suite.Write(t, w)
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], 0); n != 0 || err != nil {
				t.Fatalf("events are %+v, %v", events[:n], err)
			}
			fresh, ready := suite.Pipe(t)
			suite.Write(t, ready)
			late := register(t, p, fresh, iomux.Readable)
			if event := <-woken; event.Registration != late {
				t.Errorf("event is %+v", event)
			}
			must(t, late.Unregister())
			suite.Close(t, duplicate)
		}
	})
}
