package waker

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

// isPipe is false: a datagram socket that is connected to itself is written and read through one
// handle.
const isPipe = false

const errWouldBlock = windows.WSAEWOULDBLOCK

// Constants that package windows lacks.
const (
	soExclusiveAddrUse = ^4         // SO_EXCLUSIVEADDRUSE
	fionbio            = 0x8004667e // FIONBIO
)

// open returns a socket, because a wait on Windows takes only sockets.
func open() (reader, writer int, err error) {
	if err := afd.Startup(); err != nil {
		return -1, -1, err
	}
	fd, err := windows.WSASocket(windows.AF_INET, windows.SOCK_DGRAM, windows.IPPROTO_UDP, nil, 0,
		windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return -1, -1, os.NewSyscallError("WSASocket", err)
	}
	if err := connectToItself(fd); err != nil {
		_ = closeFD(int(fd)) // the first error matters more
		return -1, -1, err
	}
	return int(fd), int(fd), nil
}

// connectToItself makes fd receive what it sends, and nothing else.
func connectToItself(fd windows.Handle) error {
	// Other programs could take over a port that is merely in use.
	if err := windows.SetsockoptInt(fd, windows.SOL_SOCKET, soExclusiveAddrUse, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := windows.Bind(fd, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	itself, err := windows.Getsockname(fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if err := windows.Connect(fd, itself); err != nil {
		return os.NewSyscallError("connect", err)
	}
	on, size := uint32(1), uint32(0)
	err = windows.WSAIoctl(fd, fionbio, (*byte)(unsafe.Pointer(&on)), uint32(unsafe.Sizeof(on)), nil, 0, &size, nil, 0)
	return os.NewSyscallError("WSAIoctl", err)
}

// send sends a datagram of one byte. WSAEWOULDBLOCK means that there is no room to send at the
// moment. Unlike a full pipe, the socket is not readable then, so send retries for a while.
func send(fd int) syscall.Errno {
	const tries = 1000
	var content byte
	var n uint32
	for range tries {
		err := windows.WSASend(windows.Handle(fd), &windows.WSABuf{Len: 1, Buf: &content}, 1, &n, 0, nil, nil)
		if err != windows.WSAEWOULDBLOCK {
			return toErrno(err)
		}
		runtime.Gosched()
	}
	return windows.WSAENOBUFS
}

// receive receives one datagram. If a late one follows, it ends the next wait early and is received
// then.
func receive(fd int) syscall.Errno {
	var content byte
	var n, flags uint32
	err := windows.WSARecv(windows.Handle(fd), &windows.WSABuf{Len: 1, Buf: &content}, 1, &n, &flags, nil, nil)
	if err == windows.WSAENOBUFS {
		return 0 // the system is short of memory, and the datagram also ends the next wait
	}
	return toErrno(err)
}

// toErrno returns err as an errno. The socket calls of package windows return no other errors.
func toErrno(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}

func closeFD(fd int) error {
	return os.NewSyscallError("closesocket", windows.Closesocket(windows.Handle(fd)))
}
