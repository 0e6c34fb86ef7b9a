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
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, err := unix.Ppoll(unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds)), left, nil)
	return n, Errno(err)
}
