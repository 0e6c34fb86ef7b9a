//go:build !linux

package sys

import (
	"syscall"
	"unsafe"
)

// RawLimit is the number of descriptors up to which PollLook takes a list.
const RawLimit = 0

// CanLook reports whether the system has PollLook and SelectLook.
func CanLook() bool { return false }

// PollLook exists on Linux only.
func PollLook(unsafe.Pointer, uintptr) (ready uintptr, errno syscall.Errno) { return 0, syscall.ENOSYS }

// SelectLook exists on Linux only.
func SelectLook(int, *SelectWord, *SelectWord, *SelectWord, *[2]int64) (ready int, errno syscall.Errno) {
	return 0, syscall.ENOSYS
}
