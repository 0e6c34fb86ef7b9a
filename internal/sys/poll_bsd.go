//go:build freebsd || dragonfly || netbsd

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
	// SelectLimit is one more than the largest descriptor that Select accepts, or 0 if there is
	// no limit.
	SelectLimit = 0
)

// SelectWord is the unit of the kernel's descriptor sets. It matters on big-endian machines.
// NetBSD's unit has 32 bits, which is the same on its little-endian machines.
type SelectWord = uint

// Poll wraps ppoll(2), called pollts(2) on NetBSD, which is poll(2) with a timeout in nanoseconds.
// A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	if runtime.GOOS == "dragonfly" {
		return correctPoll(fds, timeout, ppoll)
	}
	return ppoll(fds, timeout)
}

func ppoll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, _, errno := unix.Syscall6(ppollNumber(), uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(left)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// ppollNumber returns SYS_ppoll or SYS_pollts. The compiler removes all other cases.
func ppollNumber() uintptr {
	switch runtime.GOOS {
	case "dragonfly":
		return 543
	case "freebsd":
		return 545
	}
	return 437 // NetBSD
}

// Select wraps pselect(2), which is select(2) with a timeout in nanoseconds. Each set holds at
// least limit bits or is nil. A negative timeout blocks.
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
