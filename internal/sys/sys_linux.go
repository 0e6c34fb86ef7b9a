package sys

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// Constants of Linux.
const (
	PipeBuf     = 4096 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT
)

// kernelTimespec is struct __kernel_timespec, whose fields have 64 bits on every machine.
type kernelTimespec struct{ sec, nsec int64 }

// coarseEpoll is set if epoll_pwait2 is missing, as before Linux 5.11 and in some sandboxes.
// EpollWait then uses epoll_pwait, whose timeouts are in milliseconds. On Android it is always set,
// because Android kills a process for an unknown call.
var coarseEpoll atomic.Bool

func init() { coarseEpoll.Store(runtime.GOOS == "android") }

// CoarseEpoll sets whether EpollWait uses milliseconds, as before Linux 5.11. It returns the
// previous setting.
func CoarseEpoll(coarse bool) (before bool) { return coarseEpoll.Swap(coarse) }

// EpollResolution returns the finest timeout that EpollWait distinguishes.
func EpollResolution() time.Duration {
	if coarseEpoll.Load() {
		return time.Millisecond
	}
	return time.Nanosecond
}

// EpollWait wraps epoll_pwait2(2), or epoll_pwait(2) if epoll_pwait2 is missing. It writes up to n
// events to events. A negative timeout blocks. With timeout 0 it is EpollLook, but also works in a
// sandbox that forbids the call of EpollLook.
func EpollWait(epfd int, events unsafe.Pointer, n int, timeout time.Duration) (int, syscall.Errno) {
	if timeout == 0 {
		if count, errno := EpollLook(epfd, events, n); errno == 0 {
			return count, 0
		}
	}
	if timeout > 0 && !coarseEpoll.Load() {
		ts := kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		count, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epfd), uintptr(events), uintptr(n),
			uintptr(unsafe.Pointer(&ts)), 0, 0)
		// Seccomp filters that are older than the call return EPERM.
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(count), errno
		}
		coarseEpoll.Store(true)
	}
	count, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(events), uintptr(n),
		uintptr(to.Milliseconds(timeout)), 0, 0)
	return int(count), errno
}

// EpollLook is EpollWait with timeout 0. It makes a raw call, because it cannot block, which saves
// up to a quarter of the time. The raw call of package syscall is inlined, unlike that of x/sys.
// After a failure, call EpollWait.
func EpollLook(epfd int, events unsafe.Pointer, n int) (int, syscall.Errno) {
	count, _, errno := syscall.RawSyscall6(epollNumber, uintptr(epfd), uintptr(events), uintptr(n), 0, 0, 0)
	return int(count), errno
}

// The operations of EpollControl.
const (
	EpollAdd    = unix.EPOLL_CTL_ADD
	EpollModify = unix.EPOLL_CTL_MOD
	EpollRemove = unix.EPOLL_CTL_DEL
)

// EpollCreate wraps epoll_create1(2). The descriptor is close-on-exec.
func EpollCreate() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return fd, os.NewSyscallError("epoll_create1", err)
}

// EpollEvent is struct epoll_event with data as two words, because the alignment of an uint64 would
// be wrong on amd64 and 386.
type EpollEvent struct {
	events uint32
	_      [(unsafe.Sizeof(unix.EpollEvent{}) - 12) / 4]uint32
	data   [2]uint32
}

// NewEpollEvent returns an event.
func NewEpollEvent(events uint32, data uint64) EpollEvent {
	return EpollEvent{events: events, data: *(*[2]uint32)(unsafe.Pointer(&data))}
}

// EpollControl wraps epoll_ctl(2), which does not block. It returns EBADF for a number that no
// descriptor can have. EpollRemove ignores events and data.
func EpollControl(epfd, op, fd int, events uint32, data uint64) syscall.Errno {
	if _, errno := ToInt32(fd); errno != 0 {
		return errno
	}
	event := NewEpollEvent(events, data)
	return EpollCtl(epfd, op, fd, &event)
}

// EpollCtl is EpollControl for a number that an int32 can hold. It is inlined, since a return after
// a system call costs some 8 ns on processors whose kernel clears the predictions of returns.
func EpollCtl(epfd, op, fd int, event *EpollEvent) (errno syscall.Errno) {
	_, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(event)), 0, 0)
	return errno
}

// InotifyAdvice returns what to do after an errno of inotify_init1(2) or inotify_add_watch(2).
func InotifyAdvice(errno error) string {
	switch errno {
	case syscall.EMFILE:
		return "raise the sysctl fs.inotify.max_user_instances or the limit of open files"
	case syscall.ENOSPC:
		return "raise the sysctl fs.inotify.max_user_watches"
	}
	return ""
}

// MaxWatches returns fs.epoll.max_user_watches, or 0 without /proc.
func MaxWatches() uint64 {
	text, err := ReadFile("/proc/sys/fs/epoll/max_user_watches")
	if err != nil {
		return 0
	}
	watches, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return watches
}

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
type SelectWord = uint

// RawLimit is the number of descriptors up to which Poll and Select use a raw call if they do not
// wait. A raw call takes a third less time for one descriptor and a fifth less for a thousand,
// because the scheduler does not take the processor away during it. A raw call delays the garbage
// collector: 4096 descriptors take about 200 µs.
const RawLimit = 4096

// CanLook reports whether the system has PollLook and SelectLook. The compiler evaluates it to a
// constant.
func CanLook() bool { return pollNumber != 0 }

// PollLook is Poll with timeout 0 for up to RawLimit descriptors. It makes a raw call, because it
// cannot block. It is inlined, because a return after a system call costs about 8 ns on processors
// whose kernel clears the predictions of returns.
func PollLook(fds unsafe.Pointer, n uintptr) (ready uintptr, errno syscall.Errno) {
	ready, _, errno = syscall.RawSyscall6(pollNumber, uintptr(fds), n, 0, 0, 0, 0)
	return ready, errno
}

// Poll wraps ppoll(2), which is poll(2) with a timeout in nanoseconds. A negative timeout blocks.
func Poll(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
	first := unsafe.Pointer(unsafe.SliceData(fds))
	var ts unix.Timespec
	if timeout == 0 && len(fds) <= RawLimit {
		if CanLook() { // cheaper than ppoll(2), which copies a timeout
			if n, errno := PollLook(first, uintptr(len(fds))); errno == 0 {
				return int(n), 0
			}
		}
		n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		return int(n), errno
	}
	left := &ts
	if timeout < 0 {
		left = nil
	}
	ts = unix.NsecToTimespec(int64(timeout))
	n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(first), uintptr(len(fds)), uintptr(unsafe.Pointer(left)), 0, 0, 0)
	return int(n), errno
}

// SelectLook is Select with timeout 0 for descriptors below RawLimit, as PollLook is Poll. instant
// must hold zeros.
func SelectLook(limit int, r, w, x *SelectWord, instant *[2]int64) (ready int, errno syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(selectNumber, uintptr(limit), uintptr(unsafe.Pointer(r)),
		uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(instant)), 0)
	return int(n), errno
}

// Select wraps pselect6(2), which is select(2) with a timeout in nanoseconds. Each set holds at
// least limit bits or is nil. A negative timeout blocks. The kernel ignores descriptors beyond the
// process's table.
func Select(limit int, r, w, x *SelectWord, timeout time.Duration) (int, syscall.Errno) {
	var ts unix.Timespec
	if timeout == 0 && limit <= RawLimit {
		n, _, errno := syscall.RawSyscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
			uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(&ts)), 0)
		return int(n), errno
	}
	left := &ts
	if timeout < 0 {
		left = nil
	}
	ts = unix.NsecToTimespec(int64(timeout))
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(limit), uintptr(unsafe.Pointer(r)),
		uintptr(unsafe.Pointer(w)), uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(left)), 0)
	return int(n), errno
}

// NewProcess returns a duplicate of the pidfd of process. It becomes readable when the process
// exits.
func NewProcess(process *os.Process) (fd int, err error) {
	errHandle := process.WithHandle(func(pidfd uintptr) {
		fd, err = unix.FcntlInt(pidfd, unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EINVAL { // RLIMIT_NOFILE is 0
			err = unix.EMFILE
		}
	})
	if errHandle != nil {
		return -1, errHandle
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// WaitStatus returns the status that wait4(2) reports for the process of a pidfd, if the process
// has exited. It does not reap the process.
//
// Before the process is reaped, only its parent can read the status. After that, every process can,
// since Linux 6.15.
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

// ReadFile returns the contents of a file of /proc. Unlike os.ReadFile it never starts the Go
// runtime's netpoller, which ends the program if no descriptor is left.
func ReadFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	text, errno := ReadAll(fd)
	_ = unix.Close(fd) // nothing was written to it
	if errno != 0 {
		return nil, errno
	}
	return text, nil
}

// ReadAll returns the contents of an open file, from its start.
func ReadAll(fd int) ([]byte, syscall.Errno) {
	var text []byte
	for buffer := make([]byte, 4096); ; {
		switch n, err := unix.Pread(fd, buffer, int64(len(text))); {
		case err == unix.EINTR:
		case err != nil:
			return nil, err.(syscall.Errno)
		case n == 0:
			return text, 0
		default:
			text = append(text, buffer[:n]...)
		}
	}
}
