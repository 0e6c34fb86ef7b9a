//go:build linux && !(arm64 || loong64 || riscv64)

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollNow is poll(2) that does not wait. It is cheaper than ppoll(2), which reads the timeout and writes what is left of it.
func pollNow(first unsafe.Pointer, n int) (uintptr, syscall.Errno) {
	ready, _, errno := unix.RawSyscall(unix.SYS_POLL, uintptr(first), uintptr(n), 0)
	return ready, errno
}
