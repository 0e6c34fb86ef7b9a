package sys

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// PollResolution is the finest timeout that Poll distinguishes.
	PollResolution = time.Nanosecond
	// SelectResolution is the finest timeout that Select distinguishes.
	SelectResolution = time.Nanosecond
	// SelectLimit is one more than the largest descriptor that Select takes, or 0 if there is no
	// limit.
	SelectLimit = 0
)

// SelectWord is the unit of the kernel's descriptor sets. It matters on big-endian machines.
type SelectWord = uint

// rawLimit is the number of descriptors up to which Poll and Select use a raw call if they do not
// wait. A raw call takes a third less time for one descriptor and a fifth less for a thousand,
// because the scheduler hands on the processor of a call that takes longer than 20 µs. A raw call
// delays the garbage collector: 4096 descriptors take about 200 µs.
const rawLimit = 4096

// Poll wraps ppoll(2), which is poll(2) with a timeout in nanoseconds. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	first := unsafe.Pointer(unsafe.SliceData(fds))
	var ts unix.Timespec
	switch isShort := len(fds) <= rawLimit; {
	case timeout == 0 && isShort && pollNumber() != 0: // cheaper than ppoll(2), which copies a timeout
		n, _, errno := unix.RawSyscall(pollNumber(), uintptr(first), uintptr(len(fds)), 0)
		return int(n), errno
	case timeout == 0 && isShort:
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		return int(n), errno
	}
	left := &ts
	if timeout < 0 {
		left = nil
	}
	ts = unix.NsecToTimespec(int64(timeout))
	n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), uintptr(unsafe.Pointer(left)), 0, 0, 0)
	return int(n), errno
}

// pollNumber returns SYS_poll, or 0 if the architecture has only ppoll(2). The compiler leaves one
// case.
func pollNumber() uintptr {
	switch runtime.GOARCH {
	case "amd64":
		return 7
	case "386", "arm", "s390x":
		return 168
	case "ppc64", "ppc64le":
		return 167
	case "mips", "mipsle":
		return 4188
	case "mips64", "mips64le":
		return 5007
	}
	return 0
}

// Select wraps pselect6(2), which is select(2) with a timeout in nanoseconds. Each set holds at
// least limit bits or is nil. A negative timeout blocks. The kernel ignores descriptors beyond the
// process's table.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var ts unix.Timespec
	if timeout == 0 && limit <= rawLimit {
		n, _, errno := unix.RawSyscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
			uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(&ts)), 0)
		return int(n), errno
	}
	left := &ts
	if timeout < 0 {
		left = nil
	}
	ts = unix.NsecToTimespec(int64(timeout))
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
		uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(left)), 0)
	return int(n), errno
}
