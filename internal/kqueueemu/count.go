//go:build linux

package kqueueemu

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// waiting is how much there is to read: bytes, or of a listening socket connections. It is 1 where Linux tells no number.
func (k *note) waiting() int64 {
	n, errno := ioctl(int(k.ident), unix.TIOCINQ)
	switch {
	case errno == 0:
		return int64(n)
	case errno == unix.EINVAL && k.kind == socket: // it listens
		return k.backlog()
	}
	return 1
}

// backlog is the number of connections to be accepted. Linux tells that of TCP only.
func (k *note) backlog() int64 {
	var info unix.TCPInfo
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(k.ident), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 1
	}
	return max(int64(info.Unacked), 1) // of a listening socket, this is what it counts
}

// room is how much can be written: bytes, or 0 where Linux tells no number.
func (k *note) room() int64 {
	switch k.kind {
	case socket:
		size, err := unix.GetsockoptInt(int(k.ident), unix.SOL_SOCKET, unix.SO_SNDBUF)
		if err != nil {
			return 0
		}
		used, _ := ioctl(int(k.ident), unix.TIOCOUTQ)
		return max(int64(size)-int64(used), 0)
	case pipe:
		size, err := unix.FcntlInt(uintptr(k.ident), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			return 0
		}
		used, _ := ioctl(int(k.ident), unix.TIOCINQ)
		return max(int64(size)-int64(used), 0)
	}
	return 0
}

// pollsReadable asks the kernel anew.
func (k *note) pollsReadable() bool {
	fds := [1]unix.PollFd{{Fd: int32(k.ident), Events: unix.POLLIN}}
	var now unix.Timespec
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && n == 1
}

// ioctl is ioctl(2) of a request that tells a number.
func ioctl(fd int, request uintptr) (int32, syscall.Errno) {
	var value int32
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&value)))
	return value, errno
}
