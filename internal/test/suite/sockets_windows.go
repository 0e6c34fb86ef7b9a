package suite

import (
	"testing"

	"golang.org/x/sys/windows"
)

// What a connection ends with that nobody took, or that was reset.
var (
	errRefused error = windows.WSAECONNREFUSED
	errReset   error = windows.WSAECONNRESET
)

// Options that x/sys lacks.
const (
	soError     = 0x1007
	soOOBInline = 0x100
	msgOOB      = 1
)

// loopback is an address of any port of 127.0.0.1.
func loopback() *windows.SockaddrInet4 { return &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

// Bind gives a socket a port of 127.0.0.1, and tells its address.
func Bind(t testing.TB, fd int) windows.Sockaddr {
	t.Helper()
	must(t, windows.Bind(windows.Handle(fd), loopback()))
	address, err := windows.Getsockname(windows.Handle(fd))
	must(t, err)
	return address
}

// datagram6 makes a UDP socket with a port of ::1, and tells its address. It skips the test where
// the system has no IPv6.
func datagram6(t testing.TB) (int, windows.Sockaddr) {
	t.Helper()
	fd := newSocket(t, windows.AF_INET6, windows.SOCK_DGRAM)
	if err := windows.Bind(windows.Handle(fd), &windows.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		t.Skip("this system has no IPv6:", err)
	}
	address, err := windows.Getsockname(windows.Handle(fd))
	must(t, err)
	return fd, address
}

// Listen makes a listening TCP socket, and tells its address.
func Listen(t testing.TB) (int, windows.Sockaddr) {
	t.Helper()
	fd := Socket(t, windows.SOCK_STREAM)
	address := Bind(t, fd)
	must(t, windows.Listen(windows.Handle(fd), 16))
	return fd, address
}

// Connect begins a connection, which on loopback may stand at once.
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

// SendTo sends an empty datagram.
func SendTo(t testing.TB, fd int, address windows.Sockaddr) {
	t.Helper()
	must(t, windows.Sendto(windows.Handle(fd), []byte{}, 0, address))
}

// ShutDown ends what fd sends: the peer reads an end.
func ShutDown(t testing.TB, fd int) {
	t.Helper()
	must(t, windows.Shutdown(windows.Handle(fd), windows.SHUT_WR))
	arrived(fd)
}

// SendUrgent sends a byte of out-of-band data.
func SendUrgent(t testing.TB, fd int) {
	t.Helper()
	_, err := send(fd, []byte{'!'}, msgOOB)
	must(t, err)
}

// urgentInline makes fd receive out-of-band data among the rest.
func urgentInline(t testing.TB, fd int) {
	t.Helper()
	must(t, windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soOOBInline, 1))
}

// Reset closes fd so that its peer reads WSAECONNRESET.
func Reset(t testing.TB, fd int) {
	t.Helper()
	mine.Delete(fd)
	must(t, abort(fd))
}

// abort closes a socket at once: no port stays taken for minutes, as after an orderly end.
func abort(fd int) error {
	// It fails for what is no connection.
	_ = windows.SetsockoptLinger(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_LINGER, &windows.Linger{Onoff: 1})
	return closeFD(fd)
}

// pendingError is what the socket would fail with, SO_ERROR.
func pendingError(t testing.TB, fd int) error {
	t.Helper()
	number, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soError)
	must(t, err)
	return windows.Errno(number)
}
