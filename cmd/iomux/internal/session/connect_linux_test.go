package session

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/network"
)

// silent returns an address that answers no attempt to connect, and its listener. Linux drops
// attempts while the queue is full.
func silent(t *testing.T) (netip.AddrPort, int) {
	t.Helper()
	network.Need(t)
	listener, err := makeSocket(unix.AF_INET, unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(listener) })
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	own, err := ownAddress(listener)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", own.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return own, listener
}

// listening returns the address of a listener.
func listening(t *testing.T) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func sourceOf(address netip.AddrPort) source {
	return source{kind: kindTCP, host: address.Addr().String(), port: strconv.Itoa(int(address.Port()))}
}

// TestAnAddressThatDoesNotAnswer leaves half of the time to the next one.
func TestAnAddressThatDoesNotAnswer(t *testing.T) {
	network.Need(t)
	answering := listening(t)
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		s := newSession(t, mechanism)
		target := &target{source: source{text: "tcp://two:1", kind: kindTCP}, session: s, fd: -1, writer: -1}
		s.targets = append(s.targets, target)
		s.Timeout = 400 * time.Millisecond // of which each address gets half
		hanging, _ := silent(t)
		target.connectTo([]netip.AddrPort{hanging, answering})
		s.Timeout = 20 * time.Second // a slow machine must not make the second one fail
		for len(s.found) == 0 {
			if expired, err := s.turn(); err != nil || expired {
				t.Fatalf("%v: expired %v, %v", mechanism, expired, err)
			}
		}
		if r := s.found[0].report; r.ready != connected || r.peer != answering.String() || r.elapsed < 200*time.Millisecond {
			t.Errorf("%v: %+v, want a connection to %v after 200ms", mechanism, r, answering)
		}
	}
}

// TestNextAddressAfterHeadStart connects to the second address although the first one hangs.
func TestNextAddressAfterHeadStart(t *testing.T) {
	network.Need(t)
	answering := listening(t)
	hanging, _ := silent(t)
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		s, target := newTarget(t, mechanism, source{kind: kindTCP})
		target.connectTo([]netip.AddrPort{hanging, answering})
		r := untilFound(t, s)
		if r.ready != connected || r.peer != answering.String() || r.elapsed < headStart {
			t.Errorf("%v: %+v, want a connection to %v after %v", mechanism, r, answering, headStart)
		}
	}
}

// TestAttemptBesideOneThatHangs frees the queue when a second attempt runs. A later attempt
// connects long before the first one, whose next packet is sent after 3 s or more.
func TestAttemptBesideOneThatHangs(t *testing.T) {
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		hanging, listener := silent(t)
		s, target := newTarget(t, mechanism, sourceOf(hanging))
		s.Retry = time.Millisecond
		target.open()
		turnUntil(t, s, func() bool { return len(target.racing) >= 2 })
		first := target.racing[0]
		for range 2 * maxAttempts { // no more than that at once
			target.open()
		}
		if len(target.racing) != maxAttempts || target.racing[0] != first {
			t.Errorf("%v: %d attempts run, want %d with the first", mechanism, len(target.racing), maxAttempts)
		}
		if _, _, err := unix.Accept(listener); err != nil {
			t.Fatal(err)
		}
		if r := untilFound(t, s); r.ready != connected {
			t.Errorf("%v: %+v, want a connection", mechanism, r)
		}
		if len(target.racing) != 0 {
			t.Errorf("%v: %d attempts are left", mechanism, len(target.racing))
		}
	}
}

// TestFullUnixQueue waits for room in the queue of a socket.
func TestFullUnixQueue(t *testing.T) {
	t.Chdir(t.TempDir()) // the whole path may be too long for a socket
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		path := fmt.Sprint("socket", mechanism)
		listener, err := makeSocket(unix.AF_UNIX, unix.SOCK_STREAM)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(listener) })
		if err := unix.Bind(listener, &unix.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		if err := unix.Listen(listener, 0); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		s, target := newTarget(t, mechanism, source{kind: kindUnix, path: path})
		target.open()
		if len(s.found) != 0 || target.refusal == nil || target.refusal.Error() != errQueueFull.Error() {
			t.Fatalf("%v: found %+v, refusal %v", mechanism, s.found, target.refusal)
		}
		accepted, _, err := unix.Accept(listener)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(accepted) })
		if r := untilFound(t, s); r.ready != connected {
			t.Errorf("%v: %+v, want a connection", mechanism, r)
		}
	}
}

// TestGoneOutlastsAReset keeps waiting after an attempt that the closing listener reset.
func TestGoneOutlastsAReset(t *testing.T) {
	for _, reason := range []error{errReset, errTimedOut} {
		s, target := newTarget(t, mechanisms[0], source{kind: kindTCP})
		s.Gone = true
		target.refusals = []error{reason}
		target.refused()
		if target.ended() || target.later == nil {
			t.Errorf("%v: the source ended, want another attempt", reason)
		}
	}
}

// TestGoneBesideAttemptThatHangs refuses the second attempt while the first one hangs.
func TestGoneBesideAttemptThatHangs(t *testing.T) {
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		hanging, _ := silent(t)
		s, target := newTarget(t, mechanism, sourceOf(hanging))
		s.Gone = true
		target.open()
		turnUntil(t, s, func() bool { return len(target.racing) >= 2 })
		target.refuse(target.racing[1], errRefused)
		if target.connectNext(); len(s.found) != 1 || s.found[0].ready != gone {
			t.Errorf("%v: found %+v, %d attempts run, want gone", mechanism, s.found, len(target.racing))
		}
	}
}
