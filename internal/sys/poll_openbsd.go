package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// PollResolution is the finest timeout that Poll distinguishes.
	PollResolution = time.Nanosecond
	// SelectLimit is one more than the largest descriptor that Select accepts, or 0 if there is
	// no limit.
	SelectLimit = 0
)

// SelectWord is the unit of the kernel's descriptor sets. It matters on big-endian machines.
type SelectWord = uint32

// Poll wraps ppoll(2), which is poll(2) with a timeout in nanoseconds. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	list := unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds))
	n, err := unix.Ppoll(list, left, nil)
	return n, Errno(err)
}
