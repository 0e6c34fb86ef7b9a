//go:build darwin && !ios

package procwatch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// zombieStatus returns the status of a child that has exited. It calls waitid(2) as package os
// does, without reaping the child.
func zombieStatus(pid int) (code int, known bool) {
	const idIsProcess = 1 // P_PID
	// siginfo_t begins with si_signo, si_errno, si_code, si_pid, si_uid and si_status.
	var info [32]int32
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, idIsProcess, uintptr(pid), uintptr(unsafe.Pointer(&info)),
		unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, 0, 0)
	if errno != 0 || int(info[3]) != pid {
		return 0, false
	}
	const exitedByItself = 1 // CLD_EXITED
	if info[2] != exitedByItself {
		return -int(info[5]), true
	}
	return int(info[5]), true
}
