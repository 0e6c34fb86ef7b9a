//go:build dragonfly || freebsd || netbsd

package procwatch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// zombieStatus returns the status of a child that has exited, without reaping it.
func zombieStatus(pid int) (code int, known bool) {
	var wait unix.WaitStatus
	// The call fails on kernels without WNOWAIT.
	got, err := unix.Wait4(pid, &wait, unix.WNOHANG|unix.WNOWAIT, nil)
	return statusOf(syscall.WaitStatus(wait)), err == nil && got == pid
}
