//go:build unix

package session

import (
	"math"
	"os"
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
		if turns > 3 { // to the end, and two last looks
			t.Errorf("%s: waited %d times", name, turns)
		}
	}
}

// TestLastLook ends the time of sources that have become ready, although their next look or the
// report of their change is due later.
func TestLastLook(t *testing.T) {
	file := t.TempDir() + "/file"
	for _, c := range []struct {
		source source
		open   func(*target)
		want   states
	}{
		{source{kind: kindProcess, pid: math.MaxInt32}, func(*target) {}, exited},
		{source{kind: kindExists, path: "/"}, func(target *target) { target.lookEvery(time.Hour) }, exists},
		{source{kind: kindChange, path: file}, func(target *target) {
			if target.open(); os.WriteFile(file, nil, 0o600) != nil {
				t.Error("cannot write", file)
			}
		}, created},
	} {
		for _, name := range Mechanisms() {
			mechanism, err := Mechanism(name)
			if err != nil {
				t.Fatal(err)
			}
			s, target := newTarget(t, mechanism, c.source)
			if c.open(target); len(s.found) > 0 && s.found[0].failed {
				t.Skip("this system does not report changes:", s.found[0].err)
			}
			s.Timeout = time.Since(s.start) + time.Millisecond
			for over := false; !over && len(s.found) == 0; {
				if over, err = s.turn(); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.found) == 0 || s.found[0].ready&c.want == 0 {
				t.Errorf("%s: found %v, want %v", name, s.found, c.want)
			}
			_ = os.Remove(file) // only the last source has one
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
