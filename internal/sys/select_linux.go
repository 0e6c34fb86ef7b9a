package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SelectWord is the unit of the kernel's descriptor sets, which counts on machines with the high byte first.
type SelectWord = uint

const (
	// SelectResolution is the finest timeout that Select tells apart.
	SelectResolution = time.Nanosecond
	// SelectLimit is the number that all descriptors must be below, 0 where there is no such number.
	SelectLimit = 0
)

// Select is pselect6(2): like select(2), with a timeout in nanoseconds. The sets hold at least limit bits or are nil; a
// negative timeout blocks. Descriptors beyond the process's table are ignored by the kernel.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	switch {
	case timeout < 0:
		n, _, errno = unix.Syscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
			uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), 0, 0)
	case timeout == 0 && limit <= rawLimit:
		var ts unix.Timespec
		n, _, errno = unix.RawSyscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
			uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(&ts)), 0)
	default:
		ts := unix.NsecToTimespec(int64(timeout))
		n, _, errno = unix.Syscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
			uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(&ts)), 0)
	}
	return int(n), errno
}
