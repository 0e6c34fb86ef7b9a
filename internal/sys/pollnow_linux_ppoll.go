//go:build linux && (arm64 || loong64 || riscv64)

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollNow is ppoll(2) that does not wait: the younger processors have no poll(2).
func pollNow(first unsafe.Pointer, n int) (uintptr, syscall.Errno) {
	var ts unix.Timespec
	ready, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(first), uintptr(n), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	return ready, errno
}
