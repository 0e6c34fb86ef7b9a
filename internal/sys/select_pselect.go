//go:build freebsd || dragonfly || netbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SelectResolution is the finest timeout that Select tells apart.
const SelectResolution = time.Nanosecond

// Select is pselect(2): like select(2), with a timeout in nanoseconds. The sets hold at least limit bits or are nil; a
// negative timeout blocks.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT, uintptr(limit), uintptr(unsafe.Pointer(r)), uintptr(unsafe.Pointer(w)),
		uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(left)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
