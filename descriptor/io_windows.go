package descriptor

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/freelist"
)

// room is the number of bytes that every writable stream accepts without blocking. Windows reports
// neither how much more there is room for, nor the mode of the socket.
const room = 2 << 10

func (d direction) try(fd int, p []byte) (int, error) {
	if d == reading {
		return read(fd, p)
	}
	return write(fd, p)
}

func read(fd int, p []byte) (int, error) {
	if err := ready(fd, afd.In|afd.Hup); err != nil {
		return 0, err
	}
	var n, flags uint32
	buffer := windows.WSABuf{Len: uint32(min(len(p), math.MaxInt32)), Buf: unsafe.SliceData(p)}
	err := windows.WSARecv(windows.Handle(fd), &buffer, 1, &n, &flags, nil, nil)
	return int(n), toErrno(err)
}

// write writes to a stream in pieces as long as there is room. A datagram is written whole.
func write(fd int, p []byte) (int, error) {
	const soType = 0x1008 // SO_TYPE
	piece := room
	if kind, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soType); err == nil && kind != windows.SOCK_STREAM {
		piece = max(len(p), 1)
	}
	written, err := writeOnce(fd, p[:min(len(p), piece)])
	for err == nil && written < len(p) {
		n, later := writeOnce(fd, p[written:min(len(p), written+piece)])
		if later != nil {
			break // the next call reports it
		}
		written += n
	}
	return written, err
}

func writeOnce(fd int, p []byte) (int, error) {
	if err := ready(fd, afd.Out|afd.Hup); err != nil {
		return 0, err
	}
	var n uint32
	buffer := windows.WSABuf{Len: uint32(min(len(p), math.MaxInt32)), Buf: unsafe.SliceData(p)}
	err := windows.WSASend(windows.Handle(fd), &buffer, 1, &n, 0, nil, nil)
	return int(n), toErrno(err)
}

// pollLists holds unused lists of ready.
var pollLists freelist.Slices[afd.Socket]

// ready returns EAGAIN if calls on the socket may block.
func ready(fd int, events afd.Events) error {
	if fd < 0 || fd >= math.MaxInt32 {
		return syscall.EBADF
	}
	list := pollLists.Get(1)
	defer pollLists.Put(list)
	list[0] = afd.Socket{Handle: windows.Handle(fd), Events: events}
	n, err := afd.Wait(list, time.Duration(0))
	switch {
	case err != nil:
		return err
	case list[0].Err != nil:
		return list[0].Err
	case n == 0:
		return syscall.EAGAIN
	}
	return nil
}

func toErrno(err error) error {
	switch err {
	case windows.WSAEWOULDBLOCK:
		return syscall.EAGAIN
	case windows.WSAENOTSOCK:
		return syscall.EBADF
	}
	return err
}
