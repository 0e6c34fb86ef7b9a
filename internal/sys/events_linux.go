package sys

import (
	"encoding/binary"
	"math"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// NewTimer is timerfd_create(2) and timerfd_settime(2): a descriptor that becomes readable each time d has passed.
func NewTimer(d time.Duration) (int, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return -1, os.NewSyscallError("timerfd_create", err)
	}
	period := unix.NsecToTimespec(int64(d))
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: period, Value: period}, nil); err != nil {
		_ = unix.Close(fd) // the first error tells more
		return -1, os.NewSyscallError("timerfd_settime", err)
	}
	return fd, nil
}

// Expirations is how often a timer has expired since the last call, without waiting.
func Expirations(fd int) int {
	var count [8]byte
	_, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&count)), uintptr(len(count)))
	if errno != 0 {
		return 0
	}
	return int(min(binary.NativeEndian.Uint64(count[:]), math.MaxInt))
}

// NewProcess is a duplicate of the pidfd of a process, readable when it has exited.
func NewProcess(process *os.Process) (fd int, err error) {
	errHandle := process.WithHandle(func(pidfd uintptr) {
		fd, err = unix.FcntlInt(pidfd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if errHandle != nil {
		return -1, errHandle
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// ExitStatus is how the process of a pidfd has exited, as far as the kernel tells: a child's parent at any time, others
// after it was reaped, since Linux 6.15.
func ExitStatus(pidfd int) (status int, known bool) {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	if err == nil {
		// siginfo_t of a child: three integers, aligned to a pointer, then its number, its user and its status.
		at := (3*4 + unsafe.Sizeof(uintptr(0)) - 1) / unsafe.Sizeof(uintptr(0)) * unsafe.Sizeof(uintptr(0))
		status := *(*int32)(unsafe.Add(unsafe.Pointer(&info), at+8))
		switch info.Code {
		case exited:
			return int(status), true
		case killed, dumped:
			return -int(status), true
		}
		return 0, false
	}
	about := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if unix.IoctlPidfdInfo(pidfd, &about) != nil || about.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, false
	}
	wait := unix.WaitStatus(about.Exit_code)
	if wait.Signaled() {
		return -int(wait.Signal()), true
	}
	return wait.ExitStatus(), true
}

// si_code of SIGCHLD.
const (
	exited = 1
	killed = 2
	dumped = 3
)

// CloseFD is close(2).
func CloseFD(fd int) { _ = unix.Close(fd) }
