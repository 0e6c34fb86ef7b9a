package suite

import (
	"testing"

	"golang.org/x/sys/windows"
)

// These are the errors of a refused and of a reset connection.
var (
	errRefused error = windows.WSAECONNREFUSED
	errReset   error = windows.WSAECONNRESET
)

// These options are missing in x/sys.
const (
	soError     = 0x1007
	soOOBInline = 0x100
	msgOOB      = 1
)

// loopback returns the address 127.0.0.1 with any port.
func loopback() *windows.SockaddrInet4 { return &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

// Bind binds a socket to a port of 127.0.0.1, and returns its address.
func Bind(t testing.TB, fd int) windows.Sockaddr {
	t.Helper()
	Must(t, windows.Bind(windows.Handle(fd), loopback()))
	address, err := windows.Getsockname(windows.Handle(fd))
	Must(t, err)
	return address
}

// datagram6 returns a UDP socket bound to a port of ::1, and its address. It skips the test if the
// system has no IPv6.
func datagram6(t testing.TB) (int, windows.Sockaddr) {
	t.Helper()
	fd := newSocket(t, windows.AF_INET6, windows.SOCK_DGRAM)
	if err := windows.Bind(windows.Handle(fd), &windows.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		t.Skip("this system has no IPv6:", err)
	}
	address, err := windows.Getsockname(windows.Handle(fd))
	Must(t, err)
	return fd, address
}

// Listen returns a listening TCP socket and its address.
func Listen(t testing.TB) (int, windows.Sockaddr) {
	t.Helper()
	fd := Socket(t, windows.SOCK_STREAM)
	address := Bind(t, fd)
	Must(t, windows.Listen(windows.Handle(fd), 16))
	return fd, address
}

// Connect starts a connection. On loopback it may be established at once.
func Connect(t testing.TB, address windows.Sockaddr) int {
	t.Helper()
	fd := Socket(t, windows.SOCK_STREAM)
	if err := connect(fd, address); err != nil && err != errInProgress {
		t.Fatal("connect:", err)
	}
	return fd
}

const errInProgress = windows.WSAEWOULDBLOCK

func connect(fd int, address windows.Sockaddr) error {
	return windows.Connect(windows.Handle(fd), address)
}

// sendTo sends an empty datagram.
func sendTo(t testing.TB, fd int, address windows.Sockaddr) {
	t.Helper()
	Must(t, windows.Sendto(windows.Handle(fd), []byte{}, 0, address))
}

// ShutDown shuts down the writing side of fd, so that the peer reads the end.
func ShutDown(t testing.TB, fd int) {
	t.Helper()
	Must(t, windows.Shutdown(windows.Handle(fd), windows.SHUT_WR))
	arrived(fd)
}

// SendUrgent sends a byte of out-of-band data.
func SendUrgent(t testing.TB, fd int) {
	t.Helper()
	_, err := send(fd, []byte{'!'}, msgOOB)
	Must(t, err)
}

// urgentInline makes fd receive out-of-band data inline.
func urgentInline(t testing.TB, fd int) {
	t.Helper()
	Must(t, windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soOOBInline, 1))
}

// Reset closes fd so that its peer reads WSAECONNRESET.
func Reset(t testing.TB, fd int) {
	t.Helper()
	mine.Delete(fd)
	Must(t, abort(fd))
}

// abort closes a socket without an orderly end, which would keep its port in use for minutes.
func abort(fd int) error {
	// This fails for sockets that are not connections.
	_ = windows.SetsockoptLinger(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_LINGER, &windows.Linger{Onoff: 1})
	return closeFD(fd)
}

// pendingError returns the pending error of the socket, SO_ERROR.
func pendingError(t testing.TB, fd int) error {
	t.Helper()
	number, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soError)
	Must(t, err)
	return windows.Errno(number)
}
