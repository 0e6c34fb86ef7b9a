package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PollResolution is the finest timeout that Poll tells apart.
const PollResolution = time.Nanosecond

// Poll is ppoll(2): like poll(2), with a timeout in nanoseconds. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	first := unsafe.Pointer(unsafe.SliceData(fds))
	var n uintptr
	var errno syscall.Errno
	switch {
	case timeout < 0:
		n, _, errno = unix.Syscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), 0, 0, 0, 0)
	case timeout == 0 && len(fds) <= rawLimit:
		n, errno = pollNow(first, len(fds))
	default:
		ts := unix.NsecToTimespec(int64(timeout))
		n, _, errno = unix.Syscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	}
	return int(n), errno
}
