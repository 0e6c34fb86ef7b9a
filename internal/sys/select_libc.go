//go:build aix || darwin || openbsd || solaris

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// SelectResolution is the finest timeout that Select distinguishes.
const SelectResolution = time.Microsecond

// Select wraps select(2). Each set holds at least limit bits or is nil. A negative timeout blocks.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timeval
	if timeout >= 0 {
		tv := unix.NsecToTimeval(int64(to.Microseconds(timeout)))
		left = &tv
	}
	n, err := unix.Select(limit, fdSet(r), fdSet(w), fdSet(x), left)
	return n, Errno(err)
}

// fdSet converts a set that may be longer or shorter than the type of x/sys. The kernel reads as
// many bits as the limit of the call.
//
//go:nocheckptr
func fdSet(words *SelectWord) *unix.FdSet { return (*unix.FdSet)(unsafe.Pointer(words)) }
