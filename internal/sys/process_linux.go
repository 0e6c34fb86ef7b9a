package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// NewProcess returns a duplicate of the pidfd of process. It becomes readable when the process
// exits.
func NewProcess(process *os.Process) (fd int, err error) {
	errHandle := process.WithHandle(func(pidfd uintptr) {
		fd, err = unix.FcntlInt(pidfd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if errHandle != nil {
		return -1, errHandle
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// ExitStatus returns the exit status of the process of a pidfd, or the negated number of the signal
// that killed it. It is known under the same conditions as in [WaitStatus].
func ExitStatus(pidfd int) (status int, known bool) {
	wait, known := WaitStatus(pidfd)
	switch {
	case !known:
		return 0, false
	case wait.Signaled():
		return -int(wait.Signal()), true
	}
	return wait.ExitStatus(), true
}

// WaitStatus returns the status that wait4(2) reports for the process of a pidfd, if the process
// has exited. It does not reap the process.
//
// Until the process is reaped, its status is known only if the caller is its parent. Since Linux
// 6.15 it is known to every process after that.
func WaitStatus(pidfd int) (status unix.WaitStatus, known bool) {
	if status, known, _ = ChildStatus(unix.P_PIDFD, pidfd); known {
		return status, true
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if unix.IoctlPidfdInfo(pidfd, &info) != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, false
	}
	return unix.WaitStatus(info.Exit_code), true
}

// Values of si_code for SIGCHLD.
const (
	cldExited = 1
	cldKilled = 2
	cldDumped = 3
)

// ChildStatus wraps waitid(2) for a child of this process. It returns the status that wait4(2)
// reports, if the child has exited. It does not wait, and does not reap the child.
//
// kind is P_PID or P_PIDFD. The errno is ECHILD if the process is not a child.
func ChildStatus(kind, id int) (status unix.WaitStatus, exited bool, errno syscall.Errno) {
	var info unix.Siginfo
	err := error(unix.EINTR)
	for err == unix.EINTR {
		err = unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	}
	if err != nil {
		return 0, false, Errno(err)
	}
	// struct siginfo has three integers, and then si_pid, si_uid and si_status at the alignment
	// of a pointer.
	const start = (3*4 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)
	value := *(*uint32)(unsafe.Add(unsafe.Pointer(&info), start+8))
	switch info.Code {
	case cldExited:
		return unix.WaitStatus(value & 0xff << 8), true, 0
	case cldKilled:
		return unix.WaitStatus(value), true, 0
	case cldDumped:
		return unix.WaitStatus(value | 0x80), true, 0
	}
	return 0, false, 0
}
