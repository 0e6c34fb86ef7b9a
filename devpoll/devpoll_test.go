//go:build unix || windows

package devpoll_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"iomux/devpoll"
	"iomux/internal/test/suite"
)

const (
	soon  = 30 * time.Second      // ends a test that would otherwise hang
	quiet = 20 * time.Millisecond // how long an event must not arrive
)

// poll polls once. The test fails if Poll fails.
func poll(t testing.TB, poller *devpoll.Poller, timeout time.Duration) map[int]devpoll.Events {
	t.Helper()
	events := make([]devpoll.Event, 256)
	n, err := poller.Poll(events, timeout)
	must(t, err)
	ready := make(map[int]devpoll.Events)
	for _, event := range events[:n] {
		if _, twice := ready[event.FD]; twice {
			t.Errorf("descriptor %d is reported twice: %v", event.FD, events[:n])
		}
		ready[event.FD] = event.Events
	}
	return ready
}

// expect checks that Poll reports events of fd and nothing else.
func expect(t testing.TB, poller *devpoll.Poller, fd int, events devpoll.Events) {
	t.Helper()
	if ready := poll(t, poller, soon); len(ready) != 1 || ready[fd] != events {
		t.Errorf("ready are %v, want descriptor %d as %v", ready, fd, events)
	}
}

func expectNothing(t testing.TB, poller *devpoll.Poller) {
	t.Helper()
	for _, timeout := range []time.Duration{0, quiet} {
		if ready := poll(t, poller, timeout); len(ready) != 0 {
			t.Errorf("after %v ready are %v, want none", timeout, ready)
		}
	}
}

func isErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func TestRegisterTwiceReplaces(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
		suite.Write(t, b)
		must(t, poller.Register(a, devpoll.Out))
		must(t, poller.Register(a, devpoll.In))
		expect(t, poller, a, devpoll.In)
		must(t, poller.Register(a, devpoll.Pri))
		expectNothing(t, poller)
		must(t, poller.Register(a, devpoll.In|devpoll.Out))
		expect(t, poller, a, devpoll.In|devpoll.Out)
		if n := poller.Len(); n != 1 {
			t.Errorf("Len is %d, want 1", n)
		}
		must(t, poller.Unregister(a))
		expectNothing(t, poller)
	})
}

func TestClosedBeforeRegister(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		fd := suite.ClosedFD(t)
		must(t, poller.Register(fd, 0))
		expect(t, poller, fd, devpoll.Nval)
		must(t, poller.Modify(fd, devpoll.In))
		expect(t, poller, fd, devpoll.Nval)
		must(t, poller.Unregister(fd))
		expectNothing(t, poller)
	})
}

// expectInTurns expects n descriptors in one or more Polls, because /dev/poll limits the events of
// one call.
func expectInTurns(t *testing.T, poller *devpoll.Poller, n int) {
	t.Helper()
	seen := make(map[int]bool)
	for range n {
		for fd := range poll(t, poller, 0) {
			seen[fd] = true
		}
		if len(seen) == n {
			return
		}
	}
	t.Errorf("Poll reports %d, want %d", len(seen), n)
}

func TestEventsString(t *testing.T) {
	for events, want := range map[devpoll.Events]string{
		0:                             "0",
		devpoll.In | devpoll.Hup:      "In|Hup",
		devpoll.DefaultEvents:         "In|Pri|Out",
		devpoll.RdNorm | devpoll.Nval: "Nval|RdNorm",
	} {
		if got := events.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint16(events), got, want)
		}
	}
}
