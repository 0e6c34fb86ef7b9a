//go:build freebsd || dragonfly || netbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PollResolution is the finest timeout that Poll tells apart.
const PollResolution = time.Nanosecond

// Poll is ppoll(2), NetBSD's pollts(2): like poll(2), with a timeout in nanoseconds. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, _, errno := unix.Syscall6(sysPpoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(left)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
