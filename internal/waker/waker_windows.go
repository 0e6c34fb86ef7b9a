package waker

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/fdref"
)

// ends is one: a datagram socket that is connected to itself. Only sockets can be waited on.
type ends struct{ reader fdref.Descriptor }

// What package windows lacks.
const (
	soExclusiveAddrUse = ^4         // SO_EXCLUSIVEADDRUSE
	fionbio            = 0x8004667e // FIONBIO
)

// New makes a bell of a socket.
func New() (*Waker, error) {
	if err := afd.Startup(); err != nil {
		return nil, err
	}
	fd, err := windows.WSASocket(windows.AF_INET, windows.SOCK_DGRAM, windows.IPPROTO_UDP, nil, 0,
		windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return nil, os.NewSyscallError("WSASocket", err)
	}
	if err := connectToItself(fd); err != nil {
		return nil, errors.Join(err, closeFD(int(fd)))
	}
	b := new(Waker)
	b.reader.Set(int(fd), closeFD)
	return b, nil
}

// connectToItself makes what fd sends arrive at fd, and nothing else.
func connectToItself(fd windows.Handle) error {
	// Nobody may take the port over, as others could where it is merely in use.
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

// Close closes the waker as soon as nobody uses it any more, and makes it readable until then.
func (b *Waker) Close() error { return b.reader.Close(func(fd int) { _ = send(fd) }) }

func (b *Waker) ring() {
	if fd, err := b.reader.Acquire(); err == nil {
		if send(fd) != nil {
			b.rung.Store(false) // the system has no memory left: the next Ring tries again
		}
		b.reader.Done()
	}
}

// drain receives one datagram: there is another one only if it arrived late, and that one ends the next wait for nothing, and is
// received then.
func (b *Waker) drain() {
	if fd, err := b.reader.Acquire(); err == nil {
		var content byte
		var n, flags uint32
		// The socket does not block: WSAEWOULDBLOCK says that it was not rung, or that the datagram is still to arrive.
		_ = windows.WSARecv(windows.Handle(fd), &windows.WSABuf{Len: 1, Buf: &content}, 1, &n, &flags, nil, nil)
		b.reader.Done()
	}
}

func send(fd int) error {
	var content byte
	var n uint32
	return windows.WSASend(windows.Handle(fd), &windows.WSABuf{Len: 1, Buf: &content}, 1, &n, 0, nil, nil)
}

func closeFD(fd int) error {
	return os.NewSyscallError("closesocket", windows.Closesocket(windows.Handle(fd)))
}
