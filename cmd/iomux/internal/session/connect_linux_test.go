package session

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// silent is an address that answers no attempt to connect: its queue is full, in which case Linux drops them.
func silent(t *testing.T) netip.AddrPort {
	t.Helper()
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
	return own
}

// TestAnAddressThatDoesNotAnswer leaves half of the time to the next one.
func TestAnAddressThatDoesNotAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	answering := listener.Addr().(*net.TCPAddr).AddrPort()
	for _, mechanism := range mechanisms {
		if !mechanism.Available() {
			continue
		}
		s := newSession(t, mechanism)
		target := &target{source: source{text: "tcp://two:1", kind: kindTCP}, session: s, fd: -1, writer: -1}
		s.targets = append(s.targets, target)
		s.Timeout = 400 * time.Millisecond // of which each address gets half
		target.connectTo([]netip.AddrPort{silent(t), answering})
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
