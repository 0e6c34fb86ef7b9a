//go:build unix

package session

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Errors of connect(2).
var (
	errUnderWay    error = syscall.EINPROGRESS
	errInterrupted error = syscall.EINTR
	errRefused     error = syscall.ECONNREFUSED
	errReset       error = syscall.ECONNRESET // the listener was closed before it accepted
	errTimedOut    error = syscall.ETIMEDOUT
)

// isNothing reports whether accept or receive failed because the peer has gone away again, or the
// datagram was damaged.
func isNothing(err error) bool {
	switch err {
	case syscall.EAGAIN, syscall.EINTR, syscall.ECONNABORTED, syscall.EPROTO, syscall.ECONNREFUSED:
		return true
	}
	return false
}

func connect(fd int, address syscall.Sockaddr) error { return syscall.Connect(fd, address) }
func bind(fd int, address syscall.Sockaddr) error    { return syscall.Bind(fd, address) }
func listen(fd, backlog int) error                   { return syscall.Listen(fd, backlog) }
func closeFD(fd int) error                           { return syscall.Close(fd) }

func accept(fd int) (int, syscall.Sockaddr, error) { return syscall.Accept(fd) }

func receive(fd int, p []byte) (int, syscall.Sockaddr, error) { return syscall.Recvfrom(fd, p, 0) }

// reuseAddress allows binding an address while the system still has its old connections.
func reuseAddress(fd int) error {
	return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
}

func ownAddress(fd int) (netip.AddrPort, error) {
	address, err := syscall.Getsockname(fd)
	return addressOf(address), err
}

func peerAddress(fd int) (netip.AddrPort, error) {
	address, err := syscall.Getpeername(fd)
	return addressOf(address), err
}

// pendingError returns the pending error of a socket, and clears it.
func pendingError(fd int) error {
	number, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && number != 0 {
		err = unix.Errno(number)
	}
	return err
}

// openUnix connects to a Unix socket. It tries each type, because nothing reports the type of the
// socket at a path.
func (t *target) openUnix() {
	longest, advice := len(unix.RawSockaddrUnix{}.Path)-1, ": use a relative path"
	if t.isAbstract() {
		longest, advice = longest+1, "" // without a zero byte at the end
	}
	if len(t.path) > longest {
		t.fail(fmt.Errorf("a socket's path has at most %d bytes%s", longest, advice))
		return
	}
	for _, typ := range []int{syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET} {
		address := &syscall.SockaddrUnix{Name: t.path}
		t.attempts = append(t.attempts, &attempt{domain: syscall.AF_UNIX, typ: typ, address: address})
	}
	t.connectNext()
}

// makeSocket returns a socket that is non-blocking and close-on-exec.
func makeSocket(domain, typ int) (int, error) {
	fd, err := unix.Socket(domain, typ, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd) // the first error is more useful
		return -1, fmt.Errorf("socket: %w", err)
	}
	return fd, nil
}

// findProcess finds a process. Without pidfds os.FindProcess accepts any number, so a null signal
// checks it.
func findProcess(pid int) (*os.Process, error) {
	process, err := os.FindProcess(pid)
	if err == nil {
		if err = process.Signal(syscall.Signal(0)); errors.Is(err, os.ErrPermission) {
			err = nil
		}
	}
	return process, err
}
