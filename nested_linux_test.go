package iomux_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/suite"
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

// An epoll is a source like others: readable while one of its own is ready.
func TestEpollAsASource(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		e, fd, w := inner(t)
		r := register(t, p, e, iomux.Readable)
		expectNothing(t, p)
		for range 2 {
			time.AfterFunc(time.Millisecond, func() { _, _ = unix.Write(w, []byte{1}) })
			expect(t, p, r, iomux.Readable)
			expect(t, p, r, iomux.Readable) // a level
			suite.Drain(t, fd)
			expectNothing(t, p)
		}
	})
}

// Of two goroutines that wait on the Poller both see an inner level, and exactly one sees an edge. Whoever waits on the inner
// epoll itself always wakes.
func TestEpollAsASourceOfManyWaiters(t *testing.T) {
	for _, mode := range []iomux.Interest{0, iomux.Edge} {
		t.Run(mode.String(), func(t *testing.T) {
			onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
				if !p.Supports(mode) {
					t.Skip("this mechanism has no edge-triggered mode")
				}
				e, _, w := inner(t)
				register(t, p, e, iomux.Readable|mode)
				woken := make(chan int, 2)
				for range 2 {
					go func() {
						var events [1]iomux.Event[int]
						n, _ := p.WaitTimeout(events[:], -1)
						woken <- n
					}()
				}
				below := make(chan int, 1)
				if mode == 0 { // beside an edge, who is first takes it
					go func() {
						n, _ := e.Poll(make([]epoll.Event, 1), soon)
						below <- n
					}()
				} else {
					below <- 1
				}
				time.Sleep(quiet)
				suite.Write(t, w)
				if n := <-woken; n != 1 {
					t.Errorf("the first waiter got %d events", n)
				}
				if n := <-below; n != 1 {
					t.Errorf("the waiter on the inner epoll got %d events", n)
				}
				if mode == 0 {
					if n := <-woken; n != 1 {
						t.Errorf("the second waiter got %d events of a level", n)
					}
					return
				}
				select {
				case n := <-woken:
					t.Errorf("one edge ended both waits, the second with %d events", n)
				case <-time.After(quiet):
				}
				must(t, p.Close())
				if n := <-woken; n != 0 {
					t.Errorf("the second waiter got %d events after Close", n)
				}
			})
		})
	}
}

// While a goroutine sleeps, another one finds that the kernel's object spins and replaces it: the one that sleeps gets to know.
func TestRenewalReachesWhoSleeps(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		calm, calmW := suite.Pipe(t)
		other := register(t, p, calm, iomux.Readable)
		for range 20 {
			woken := make(chan error, 1)
			go func() {
				var events [1]iomux.Event[int]
				_, err := p.WaitTimeout(events[:], -1)
				if events[0].Registration != other {
					t.Errorf("event is %+v", events[0])
				}
				woken <- err
			}()
			low, w := suite.Pipe(t)
			fd := suite.High(t, low, 300) // low is the duplicate that lives on
			r := register(t, p, fd, iomux.Readable)
			suite.Close(t, fd)
			must(t, r.Unregister())
			suite.Write(t, w)
			var events [1]iomux.Event[int]
			for range 40 { // which sees enough stale events to replace it, if the other does not
				if n, err := p.WaitTimeout(events[:], 0); n != 0 || err != nil {
					t.Fatalf("events are %+v, %v", events[:n], err)
				}
			}
			suite.Write(t, calmW)
			must(t, <-woken)
			suite.Drain(t, calm)
		}
	})
}
