package sys

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// kernelTimespec is struct __kernel_timespec: 64-bit fields on 32-bit machines too.
type kernelTimespec struct{ sec, nsec int64 }

// coarseEpoll is set where only epoll_pwait with its milliseconds is to be had: kernels before 5.11, and sandboxes. Android
// kills a process for a call that it does not know, so there it is not tried.
var coarseEpoll atomic.Bool

func init() { coarseEpoll.Store(runtime.GOOS == "android") }

// CoarseEpoll makes EpollWait use milliseconds from now on, as on kernels before 5.11.
func CoarseEpoll(coarse bool) (before bool) { return coarseEpoll.Swap(coarse) }

// EpollResolution is the finest timeout that EpollWait tells apart.
func EpollResolution() time.Duration {
	if coarseEpoll.Load() {
		return time.Millisecond
	}
	return time.Nanosecond
}

// EpollWait is epoll_pwait2(2), or epoll_pwait(2) where that is missing. It fills room for n events at events; a negative
// timeout blocks.
func EpollWait(epfd int, events unsafe.Pointer, n int, timeout time.Duration) (int, syscall.Errno) {
	if timeout == 0 {
		return EpollLook(epfd, events, n)
	}
	if timeout > 0 && !coarseEpoll.Load() {
		ts := kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		count, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epfd), uintptr(events), uintptr(n),
			uintptr(unsafe.Pointer(&ts)), 0, 0)
		// EPERM: seccomp filters that are older than the call answer so.
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(count), errno
		}
		coarseEpoll.Store(true)
	}
	count, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(events), uintptr(n),
		uintptr(to.Milliseconds(timeout)), 0, 0)
	return int(count), errno
}

// EpollLook is EpollWait without a timeout. It cannot block, so the Go scheduler need not know: that saves up to a quarter of the
// time. The raw call of package syscall is inlined; that of x/sys is not.
func EpollLook(epfd int, events unsafe.Pointer, n int) (int, syscall.Errno) {
	count, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(events), uintptr(n), 0, 0, 0)
	return int(count), errno
}

// The operations of EpollCtl.
const (
	EpollAdd    = unix.EPOLL_CTL_ADD
	EpollModify = unix.EPOLL_CTL_MOD
	EpollRemove = unix.EPOLL_CTL_DEL
)

// EpollCreate is epoll_create1(2), close-on-exec.
func EpollCreate() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return fd, os.NewSyscallError("epoll_create1", err)
}

// EpollCtl is epoll_ctl(2), which does not block.
func EpollCtl(epfd, op int, fd int32, event unsafe.Pointer) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op), uintptr(fd), uintptr(event), 0, 0)
	return errno
}

// EpollError tells what epoll_ctl means by errno, and what to do.
func EpollError(fd int, errno syscall.Errno) *Error {
	err := &Error{Call: "epoll_ctl", FD: fd, Err: errno}
	switch errno {
	case unix.EBADF:
		err.Advice = "it is not open"
	case unix.EEXIST:
		err.Advice = "registered already: use Modify"
	case unix.ENOENT:
		err.Advice = "not registered, or closed and opened again since"
	case unix.EPERM:
		err.Advice = "epoll takes no regular files and directories: they are always ready"
	case unix.EINVAL:
		err.Advice = "the poller itself, or Exclusive where it is not allowed"
	case unix.ELOOP:
		err.Advice = "a circle of epolls, or too many inside each other"
	case unix.ENOSPC:
		err.Advice = "raise fs.epoll.max_user_watches"
	}
	return err
}
