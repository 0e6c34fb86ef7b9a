//go:build linux

package kqueueemu

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// waiting returns how much there is to read: bytes, or connections of a listening socket. It
// returns 1 if Linux reports no number.
func (r *registration) waiting() int64 {
	if r.kind == counter {
		return 1
	}
	n, errno := ioctl(int(r.ident), unix.TIOCINQ)
	switch {
	case errno == 0:
		return int64(n)
	case errno == unix.EINVAL && r.kind == socket:
		r.listens = true
		return r.backlog()
	}
	return 1
}

// backlog returns the number of connections to accept. Linux reports it for TCP only.
func (r *registration) backlog() int64 {
	var info unix.TCPInfo
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(r.ident), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 1
	}
	return max(int64(info.Unacked), 1) // the length of a listening socket's queue
}

// room returns the number of bytes that can be written, or 0 if Linux reports no number.
func (r *registration) room() int64 {
	switch r.kind {
	case socket:
		size, err := unix.GetsockoptInt(int(r.ident), unix.SOL_SOCKET, unix.SO_SNDBUF)
		if err != nil {
			return 0
		}
		used, _ := ioctl(int(r.ident), unix.TIOCOUTQ)
		return max(int64(size)-int64(used), 0)
	case pipe:
		size, err := unix.FcntlInt(uintptr(r.ident), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			return 0
		}
		used, _ := ioctl(int(r.ident), unix.TIOCINQ)
		return max(int64(size)-int64(used), 0)
	}
	return 0
}

// polls returns the events that poll(2) reports now. It fails with a descriptor limit of 0.
func (r *registration) polls(events int16) (ready int16, errno syscall.Errno) {
	fds := [1]unix.PollFd{{Fd: int32(r.ident), Events: events}}
	var now unix.Timespec
	_, _, errno = syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return fds[0].Revents, errno
}

// ioctl wraps an ioctl(2) that reports a number. The raw call of package syscall is inlined.
func ioctl(fd int, request uintptr) (int32, syscall.Errno) {
	var value [2]int32 // some requests store 64 bits
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&value)))
	return value[0], errno
}
