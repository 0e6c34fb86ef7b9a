//go:build aix || darwin || solaris

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

const (
	// PollResolution is the finest timeout that Poll distinguishes.
	PollResolution = time.Millisecond
	// SelectLimit is one more than the largest descriptor that Select accepts. The C library
	// refuses larger ones, and AIX interprets the upper half of the count as a number of
	// message queues.
	SelectLimit = unix.FD_SETSIZE
)

// SelectWord is the unit of the kernel's descriptor sets. It matters on big-endian machines. The
// unit of macOS has 32 bits, which is the same on its little-endian machines.
type SelectWord = uint

// Poll wraps poll(2). A negative timeout blocks. x/sys has no call with a finer timeout for these
// systems.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	list := unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds))
	n, err := unix.Poll(list, to.Milliseconds(timeout))
	return n, Errno(err)
}
