package measure

import (
	"errors"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sources names the things to wait on. Windows cannot wait on pipes.
const sources = "sockets"

var (
	winsock     = windows.NewLazySystemDLL("ws2_32.dll")
	acceptProc  = winsock.NewProc("accept")
	controlProc = winsock.NewProc("ioctlsocket")
)

// listener returns the listening socket of all connections. The first call creates it.
var listener = sync.OnceValues(func() (windows.Handle, error) {
	if err := windows.WSAStartup(0x202, new(windows.WSAData)); err != nil {
		return 0, err
	}
	socket, err := newSocket()
	if err != nil {
		return 0, err
	}
	if err := windows.Bind(socket, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	return socket, windows.Listen(socket, 1)
})

func newSocket() (windows.Handle, error) {
	const flags = windows.WSA_FLAG_OVERLAPPED | windows.WSA_FLAG_NO_HANDLE_INHERIT
	return windows.WSASocket(windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP, nil, 0, flags)
}

// pair returns both ends of a non-blocking connection.
func pair() (read, write int, err error) {
	at, err := listener()
	if err != nil {
		return 0, 0, err
	}
	address, err := windows.Getsockname(at)
	if err != nil {
		return 0, 0, err
	}
	writer, err := newSocket()
	if err != nil {
		return 0, 0, err
	}
	if err := windows.Connect(writer, address); err != nil {
		return 0, 0, err
	}
	accepted, _, errno := syscall.SyscallN(acceptProc.Addr(), uintptr(at), 0, 0)
	reader := windows.Handle(accepted)
	if reader == windows.InvalidHandle {
		return 0, 0, errno
	}
	return int(reader), int(writer), errors.Join(unblock(reader), unblock(writer),
		windows.SetsockoptInt(writer, windows.IPPROTO_TCP, windows.TCP_NODELAY, 1))
}

func unblock(socket windows.Handle) error {
	const nonBlocking = 0x8004667e // FIONBIO
	yes := uint32(1)
	if failed, _, errno := syscall.SyscallN(controlProc.Addr(), uintptr(socket), nonBlocking, uintptr(unsafe.Pointer(&yes))); failed != 0 {
		return errno
	}
	return nil
}

func closeDescriptor(fd int) { _ = windows.Closesocket(windows.Handle(fd)) }

func tryRead(fd int, p []byte) (int, error) {
	var n, flags uint32
	err := windows.WSARecv(windows.Handle(fd), &windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}, 1, &n, &flags, nil, nil)
	if err == windows.WSAEWOULDBLOCK {
		err = syscall.EAGAIN
	}
	return int(n), err
}

func tryWrite(fd int, p []byte) (int, error) {
	var n uint32
	err := windows.WSASend(windows.Handle(fd), &windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}, 1, &n, 0, nil, nil)
	return int(n), err
}

// whyLimited explains the limit of descriptors.
const whyLimited = "each connection takes a port, of which 16384 are for that use by default"

// raiseLimit returns want, or the number of sockets that the ports allow, two for each connection.
// It leaves some ports for other programs.
func raiseLimit(want int) int { return min(want, 2*16000) }
