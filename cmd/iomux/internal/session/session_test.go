//go:build unix

package session

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/network"
)

// TestNothingTicks counts the waits of a session whose sources are never ready.
func TestNothingTicks(t *testing.T) {
	t.Chdir(t.TempDir()) // the whole path may be too long for a socket
	const fifo = "fifo"
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range Mechanisms() {
		mechanism, err := Mechanism(name)
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(t, mechanism)
		s.Timeout, s.Retry = 300*time.Millisecond, time.Hour
		for _, text := range []string{fifo, "unix://" + fifo + ".nobody"} {
			source, err := parseOne(text)
			if err != nil {
				t.Fatal(err)
			}
			target := &target{source: source, session: s, fd: -1, writer: -1}
			s.targets = append(s.targets, target)
			target.open()
		}
		turns := 0
		for over := false; !over; turns++ {
			if over, err = s.turn(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(s.start); took < s.Timeout || len(s.found) != 0 {
			t.Errorf("%s: gave up after %v with %v", name, took, s.found)
		}
		if turns > 2 { // to the end, and a last look
			t.Errorf("%s: waited %d times", name, turns)
		}
	}
}

// TestWaitWithoutTimeoutSleeps counts the waits of a session without a timeout.
func TestWaitWithoutTimeoutSleeps(t *testing.T) {
	for _, name := range Mechanisms() {
		mechanism, err := Mechanism(name)
		if err != nil {
			t.Fatal(err)
		}
		s, target := newTarget(t, mechanism, source{kind: kindTimer, period: 50 * time.Millisecond})
		target.open()
		if r := untilFound(t, s); r.ready != expired || s.turns > 2 {
			t.Errorf("%s: %v after %d waits, want expired after 1", name, r.ready, s.turns)
		}
	}
}

// newTarget returns a session without a timeout and its only target.
func newTarget(t *testing.T, mechanism iomux.Mechanism, source source) (*session, *target) {
	t.Helper()
	s := newSession(t, mechanism)
	s.Timeout = -1
	target := &target{source: source, session: s, fd: -1, writer: -1}
	s.targets = append(s.targets, target)
	t.Cleanup(target.release)
	return s, target
}

// untilFound returns the first report.
func untilFound(t *testing.T, s *session) report {
	t.Helper()
	turnUntil(t, s, func() bool { return len(s.found) > 0 })
	return s.found[0].report
}

// turnUntil runs turns of the session until done returns true.
func turnUntil(t *testing.T, s *session, done func() bool) {
	t.Helper()
	for !done() {
		if _, err := s.turn(); err != nil {
			t.Fatal(err)
		}
	}
}

func newSession(t *testing.T, mechanism iomux.Mechanism) *session {
	t.Helper()
	w, err := newWaiter(mechanism)
	if err != nil {
		t.Fatal(err)
	}
	return &session{
		Options: Options{Mechanism: mechanism}, waiter: w, start: time.Now(), watched: map[int][]*target{},
		answers: make(chan answer, 1),
	}
}

// TestConnectionToItself connects a socket to its own port, which is not a server.
func TestConnectionToItself(t *testing.T) {
	network.Need(t)
	fd, err := makeSocket(unix.AF_INET, unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if connectedToItself(fd) {
		t.Error("reported for a socket without a connection")
	}
	own, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(fd, own); err != nil && err != unix.EINPROGRESS {
		t.Skipf("this system does not connect a socket to itself: %v", err)
	}
	// FreeBSD completes the connection a moment after the call.
	if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 30_000); err != nil {
		t.Fatal(err)
	}
	if !connectedToItself(fd) {
		t.Error("not reported")
	}
}
