//go:build !linux

package sys

import (
	"syscall"
	"unsafe"
)

// RawLimit is the number of descriptors up to which PollLook takes a list.
const RawLimit = 0

// CanPollLook reports whether the system has PollLook.
func CanPollLook() bool { return false }

// PollLook exists on Linux only.
func PollLook(unsafe.Pointer, uintptr) (ready uintptr, errno syscall.Errno) { return 0, syscall.ENOSYS }
