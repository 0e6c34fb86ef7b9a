package session

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Errors of connect.
var (
	errUnderWay    error = windows.WSAEWOULDBLOCK
	errInterrupted error = windows.WSAEINTR
	errRefused     error = windows.WSAECONNREFUSED
	errReset       error = windows.WSAECONNRESET // the listener was closed before it accepted
	errTimedOut    error = windows.WSAETIMEDOUT
)

// isNothing reports whether accept or receive failed because the peer has gone away again, or the
// datagram was damaged.
func isNothing(err error) bool {
	switch err {
	case windows.WSAEWOULDBLOCK, windows.WSAEINTR, windows.WSAECONNABORTED, windows.WSAECONNRESET:
		return true
	}
	return false
}

var (
	winsock = windows.NewLazySystemDLL("ws2_32.dll")
	accepts = winsock.NewProc("accept")
	ioctl   = winsock.NewProc("ioctlsocket")
)

func connect(fd int, address syscall.Sockaddr) error {
	return syscall.Connect(syscall.Handle(fd), address)
}

func bind(fd int, address syscall.Sockaddr) error { return syscall.Bind(syscall.Handle(fd), address) }
func listen(fd, backlog int) error                { return syscall.Listen(syscall.Handle(fd), backlog) }
func closeFD(fd int) error                        { return syscall.Closesocket(syscall.Handle(fd)) }

func accept(fd int) (int, syscall.Sockaddr, error) {
	accepted, _, errno := syscall.SyscallN(accepts.Addr(), uintptr(fd), 0, 0)
	if windows.Handle(accepted) == windows.InvalidHandle {
		return -1, nil, errno
	}
	address, err := syscall.Getpeername(syscall.Handle(accepted))
	if err != nil { // the peer has gone away again
		_ = closeFD(int(accepted)) // nothing was written to it
		return -1, nil, windows.WSAECONNABORTED
	}
	return int(accepted), address, nil
}

func receive(fd int, p []byte) (int, syscall.Sockaddr, error) {
	var n, flags uint32
	var from syscall.RawSockaddrAny
	size := int32(unsafe.Sizeof(from))
	buffer := syscall.WSABuf{Len: uint32(len(p)), Buf: &p[0]}
	if err := syscall.WSARecvFrom(syscall.Handle(fd), &buffer, 1, &n, &flags, &from, &size, nil, nil); err != nil {
		return 0, nil, err
	}
	address, err := from.Sockaddr()
	return int(n), address, err
}

// reuseAddress keeps other programs from binding the same address. Old connections do not hold it
// on Windows.
func reuseAddress(fd int) error {
	const exclusive = ^4 // SO_EXCLUSIVEADDRUSE
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, exclusive, 1)
}

func ownAddress(fd int) (netip.AddrPort, error) {
	address, err := syscall.Getsockname(syscall.Handle(fd))
	return addressOf(address), err
}

func peerAddress(fd int) (netip.AddrPort, error) {
	address, err := syscall.Getpeername(syscall.Handle(fd))
	return addressOf(address), err
}

// pendingError returns the pending error of a socket, and clears it.
func pendingError(fd int) error {
	const soError = 0x1007 // SO_ERROR
	number, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soError)
	if err == nil && number != 0 {
		err = syscall.Errno(number)
	}
	return err
}

// makeSocket returns a socket that is non-blocking and not inheritable.
func makeSocket(domain, typ int) (int, error) {
	fd, err := windows.WSASocket(int32(domain), int32(typ), 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return -1, err
	}
	nonBlocking := uint32(1)
	const fionbio = 0x8004667e
	if failed, _, errno := syscall.SyscallN(ioctl.Addr(), uintptr(fd), fionbio, uintptr(unsafe.Pointer(&nonBlocking))); failed != 0 {
		_ = windows.Closesocket(fd) // the first error is more useful
		return -1, fmt.Errorf("socket: %w", errno)
	}
	return int(fd), nil
}

// errNoWait is the error of sources that Windows does not have.
var errNoWait = errors.New("not on Windows, which has tcp://, tcp-listen://, udp://, path:, exists:, timer:, pid:, " +
	"signal:INT and signal:TERM")

func (t *target) openDescriptor() { t.fail(errNoWait) }
func (t *target) openPath()       { t.fail(errNoWait) }
func (t *target) openUnix()       { t.fail(errNoWait) }

// findProcess finds a process.
func findProcess(pid int) (*os.Process, error) {
	process, err := os.FindProcess(pid)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		err = os.ErrProcessDone
	}
	return process, err
}
