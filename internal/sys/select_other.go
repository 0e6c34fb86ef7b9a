//go:build aix || darwin || openbsd || solaris

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// SelectResolution is the finest timeout that Select tells apart.
const SelectResolution = time.Microsecond

// Select is select(2). The sets hold at least limit bits or are nil; a negative timeout blocks.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timeval
	if timeout >= 0 {
		tv := unix.NsecToTimeval(int64(to.Microseconds(timeout)))
		left = &tv
	}
	n, err := unix.Select(limit, fdSet(r), fdSet(w), fdSet(x), left)
	return n, Errno(err)
}

// fdSet lets x/sys pass a set on that may be longer or shorter than its own type: the kernel reads as many bits as limit says.
//
//go:nocheckptr
func fdSet(words *SelectWord) *unix.FdSet { return (*unix.FdSet)(unsafe.Pointer(words)) }
