//go:build unix || windows

package epoll_test

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"iomux/epoll"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

const (
	soon  = 30 * time.Second      // bounds a wait that should end much earlier
	quiet = 20 * time.Millisecond // how long an event must not arrive
)

func newPoller(t testing.TB) *epoll.Poller {
	t.Helper()
	poller, err := epoll.New()
	must(t, err)
	t.Cleanup(func() { _ = poller.Close() }) // the test may have closed it
	return poller
}

var must = suite.Must

// one waits for exactly one event.
func one(t testing.TB, poller *epoll.Poller) epoll.Event {
	t.Helper()
	events := make([]epoll.Event, 8)
	n, err := poller.Poll(events, soon)
	if n != 1 || err != nil {
		t.Fatalf("%d events, %v: %+v, want one", n, err, events[:n])
	}
	return events[0]
}

// none checks that no event is pending.
func none(t testing.TB, poller *epoll.Poller) {
	t.Helper()
	events := make([]epoll.Event, 8)
	if n, err := poller.Poll(events, 0); n != 0 || err != nil {
		t.Fatalf("%d events, %v: %+v, want none", n, err, events[:n])
	}
}

// settle gives Windows time to report a closed socket.
func settle(t testing.TB, poller *epoll.Poller) {
	t.Helper()
	if !epoll.Native {
		_, err := poller.Poll(make([]epoll.Event, 1), quiet/2)
		must(t, err)
	}
}

// Closing a socket ends its registration. The next socket with its number is not registered.
func TestClosedSocketsLeave(t *testing.T) {
	poller := newPoller(t)
	for i := range 60 {
		client, server := suite.TCPPair(t)
		if err := poller.RegisterTag(server, epoll.In|epoll.Out, uint32(i)); err != nil {
			t.Fatalf("register %d, time %d: %v", server, i, err)
		}
		if i%2 == 0 {
			if event := one(t, poller); event.FD != int32(server) || event.Tag != uint32(i) {
				t.Fatalf("event is %+v", event)
			}
		}
		suite.Close(t, server)
		settle(t, poller)
		if i%3 == 0 {
			none(t, poller)
			for _, err := range []error{poller.Modify(server, epoll.In), poller.Unregister(server)} {
				// The error is ENOENT if another file has the number.
				if !errors.Is(err, syscall.EBADF) && !errors.Is(err, syscall.ENOENT) {
					t.Errorf("modify or unregister: %v, want EBADF", err)
				}
			}
		}
		suite.Close(t, client)
	}
	none(t, poller)
}

// A socket that gets the number of a closed one is not registered.
func TestReusedNumberOfASocketIsNotRegistered(t *testing.T) {
	poller := newPoller(t)
	reused := 0
	for range 50 {
		_, server := suite.TCPPair(t)
		must(t, poller.Register(server, epoll.Out))
		one(t, poller)
		suite.Close(t, server)
		settle(t, poller)
		fresh := suite.Socket(t, syscall.SOCK_DGRAM) // writable
		if fresh == server {
			reused++
			if err := poller.Modify(fresh, epoll.Out); !errors.Is(err, syscall.ENOENT) {
				t.Errorf("modify: %v, want ENOENT", err)
			}
		}
		none(t, poller)
		must(t, poller.Register(fresh, epoll.Out))
		if event := one(t, poller); event.FD != int32(fresh) {
			t.Errorf("event is %+v", event)
		}
		suite.Close(t, fresh)
	}
	if reused == 0 {
		t.Skip("no number was reused")
	}
}

func TestSocketIsClosedDuringAWait(t *testing.T) {
	poller := newPoller(t)
	client, server := suite.TCPPair(t)
	_, closed := suite.TCPPair(t)
	must(t, poller.Register(server, epoll.In))
	must(t, poller.Register(closed, epoll.In))
	time.AfterFunc(quiet, func() { suite.Close(t, closed) })
	time.AfterFunc(2*quiet, func() { suite.Write(t, client) })
	if event := one(t, poller); event.FD != int32(server) || event.Events != epoll.In {
		t.Errorf("event is %+v", event)
	}
}

func TestUnregisterAndRegisterDuringAWait(t *testing.T) {
	poller := newPoller(t)
	client, server := suite.TCPPair(t)
	must(t, poller.RegisterTag(server, epoll.In, 1))
	ready := make(chan epoll.Event)
	go func() {
		events := make([]epoll.Event, 8)
		n, err := poller.Poll(events, soon)
		if n != 1 || err != nil {
			t.Errorf("%d events, %v, want one", n, err)
		}
		ready <- events[0]
	}()
	time.Sleep(quiet)
	for tag := range uint32(10) {
		must(t, poller.Unregister(server))
		must(t, poller.RegisterTag(server, epoll.In, tag))
	}
	suite.Write(t, client)
	if event := <-ready; event.Tag != 9 || event.FD != int32(server) {
		t.Errorf("event is %+v", event)
	}
}

// TestChangesByManyGoroutines registers, modifies, unregisters and closes descriptors while other
// goroutines wait for them.
func TestChangesByManyGoroutines(t *testing.T) {
	if leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors")
	}
	poller := newPoller(t)
	var changers, waiters sync.WaitGroup
	for range 4 {
		waiters.Go(func() {
			events := make([]epoll.Event, 4)
			for {
				_, err := poller.Poll(events, time.Millisecond)
				if errors.Is(err, os.ErrClosed) {
					return
				}
				if err != nil {
					t.Error("poll:", err)
					return
				}
			}
		})
		changers.Go(func() {
			for i := range 100 {
				// Wine's server crashes if a closed number is polled while another
				// socket gets it.
				changeSockets(t, poller, i%3 > 0 || wine.Running())
			}
		})
	}
	changers.Wait()
	none(t, poller)
	must(t, poller.Close())
	waiters.Wait()
}

// changeSockets registers and modifies both ends of a new connection, and closes them.
func changeSockets(t *testing.T, poller *epoll.Poller, unregisters bool) {
	client, server := suite.TCPPair(t)
	suite.Write(t, client)
	for _, err := range []error{
		poller.Register(server, epoll.In),
		poller.Register(client, epoll.In|epoll.Out|epoll.OneShot),
		poller.Modify(server, epoll.Out),
		poller.Modify(client, epoll.In),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if unregisters {
		if err := errors.Join(poller.Unregister(server), poller.Unregister(client)); err != nil {
			t.Error("unregister:", err)
		}
	}
	suite.Close(t, client)
	suite.Close(t, server)
}
