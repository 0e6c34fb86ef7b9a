//go:build aix || darwin || solaris

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// PollResolution is the finest timeout that Poll tells apart.
const PollResolution = time.Millisecond

// Poll is poll(2): x/sys reaches nothing finer than milliseconds here. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	n, err := unix.Poll(unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds)), to.Milliseconds(timeout))
	return n, Errno(err)
}
