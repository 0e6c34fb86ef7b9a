//go:build unix

package suite

import (
	"testing"

	"golang.org/x/sys/unix"
)

// These are the errors of a refused and of a reset connection.
var (
	errRefused error = unix.ECONNREFUSED
	errReset   error = unix.ECONNRESET
)

// loopback returns the address 127.0.0.1 with any port.
func loopback() *unix.SockaddrInet4 { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

// Bind binds a socket to a port of 127.0.0.1, and returns its address.
func Bind(t testing.TB, fd int) unix.Sockaddr {
	t.Helper()
	Must(t, unix.Bind(fd, loopback()))
	address, err := unix.Getsockname(fd)
	Must(t, err)
	return address
}

// datagram6 returns a UDP socket bound to a port of ::1, and its address. It skips the test if the
// system has no IPv6.
func datagram6(t testing.TB) (int, unix.Sockaddr) {
	t.Helper()
	fd := newSocket(t, unix.AF_INET6, unix.SOCK_DGRAM)
	if err := unix.Bind(fd, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		t.Skip("this system has no IPv6:", err)
	}
	address, err := unix.Getsockname(fd)
	Must(t, err)
	return fd, address
}

// Listen returns a listening TCP socket and its address.
func Listen(t testing.TB) (int, unix.Sockaddr) {
	t.Helper()
	fd := Socket(t, unix.SOCK_STREAM)
	address := Bind(t, fd)
	Must(t, unix.Listen(fd, 16))
	return fd, address
}

// Connect starts a connection. On loopback it may be established at once.
func Connect(t testing.TB, address unix.Sockaddr) int {
	t.Helper()
	fd := Socket(t, unix.SOCK_STREAM)
	if err := connect(fd, address); err != nil && err != errInProgress {
		t.Fatal("connect:", err)
	}
	return fd
}

const errInProgress = unix.EINPROGRESS

func connect(fd int, address unix.Sockaddr) error { return unix.Connect(fd, address) }

// sendTo sends an empty datagram.
func sendTo(t testing.TB, fd int, address unix.Sockaddr) {
	t.Helper()
	Must(t, unix.Sendto(fd, nil, 0, address))
}

// ShutDown shuts down the writing side of fd, so that the peer reads the end.
func ShutDown(t testing.TB, fd int) {
	t.Helper()
	Must(t, unix.Shutdown(fd, unix.SHUT_WR))
}

// SendUrgent sends a byte of out-of-band data.
func SendUrgent(t testing.TB, fd int) {
	t.Helper()
	Must(t, unix.Sendto(fd, []byte{'!'}, unix.MSG_OOB, unix.Sockaddr(nil)))
}

// urgentInline makes fd receive out-of-band data inline.
func urgentInline(t testing.TB, fd int) {
	t.Helper()
	Must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1))
}

// Reset closes fd so that its peer reads ECONNRESET.
func Reset(t testing.TB, fd int) {
	t.Helper()
	Must(t, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0}))
	Close(t, fd)
}

// pendingError returns the pending error of the socket, SO_ERROR.
func pendingError(t testing.TB, fd int) error {
	t.Helper()
	number, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	Must(t, err)
	return unix.Errno(number)
}
