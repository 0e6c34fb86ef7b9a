//go:build linux

package kqueueemu

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// process is the source of FilterProc, with a pidfd for each.
type process struct{}

// unknownStatus is the Data of an exit whose status cannot be found out.
const unknownStatus = -1

func (process) attach(q *Queue, epoll int, k *knote) syscall.Errno {
	if k.ident == 0 || k.ident > math.MaxInt32 {
		return unix.ESRCH
	}
	k.flags |= kevent.Clear
	fd, errno := q.adopt(unix.PidfdOpen(int(k.ident), 0))
	switch errno {
	case 0:
	case unix.EINVAL, unix.ENOENT: // a thread
		return unix.ESRCH
	default:
		return errno
	}
	k.fd = fd
	errno = epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLET|k.exits(), k.slot, k.generation)
	if errno != 0 {
		q.discard(fd)
	}
	return errno
}

// exits returns the epoll events for an exit, if the knote waits for it.
func (k *knote) exits() uint32 {
	if k.fflags&kevent.NoteExit == 0 {
		return 0
	}
	return k.readable()
}

func (process) touch(_ *Queue, _ int, k *knote, change kevent.Event) syscall.Errno {
	if change.Flags&kevent.Add != 0 {
		k.fflags, k.data = change.Fflags, change.Data
	}
	k.flags |= kevent.Clear
	return 0
}

func (process) enable(_ *Queue, epoll int, k *knote) syscall.Errno {
	return epollCtl(epoll, unix.EPOLL_CTL_MOD, k.fd, unix.EPOLLET|k.exits(), k.slot, k.generation)
}

func (process) detach(q *Queue, _ int, k *knote) syscall.Errno {
	q.discard(k.fd)
	return 0
}

func (process) again(*Queue, int, *knote) syscall.Errno { return 0 }

// fire reports how the process ended. If only the parent can know until it has waited for the
// process, the pidfd is ready once more when it has.
func (process) fire(_ *Queue, k *knote, ready uint32) (report, bool, syscall.Errno) {
	if k.fflags&kevent.NoteExit == 0 {
		return report{}, false, 0
	}
	status, known := k.status()
	if !known {
		if ready&unix.EPOLLHUP == 0 && isKnownLater(k.fd) {
			return report{}, false, 0
		}
		status = unknownStatus
	}
	return report{flags: kevent.EOF | kevent.OneShot, fflags: kevent.NoteExit, data: status}, true, 0
}

// status returns what wait(2) would, without reaping the process.
func (k *knote) status() (status int64, known bool) {
	if status, known = childStatus(k.fd); known {
		return status, true
	}
	if status, known = zombieStatus(k.fd, k.ident); known {
		return status, true
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if unix.IoctlPidfdInfo(k.fd, &info) == nil && info.Mask&unix.PIDFD_INFO_EXIT != 0 {
		return int64(info.Exit_code), true
	}
	return 0, false
}

// isKnownLater reports whether the kernel takes the request although it has no status yet. Then it
// has one when the parent has waited for the process (Linux 6.15; 6.13 and 6.14 never have one).
func isKnownLater(pidfd int) bool {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	return unix.IoctlPidfdInfo(pidfd, &info) == nil
}

// childStatus asks as the parent, without reaping the process.
func childStatus(pidfd int) (int64, bool) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || info.Signo == 0 {
			return 0, false
		}
		break
	}
	// Next in struct siginfo are si_pid, si_uid and si_status, aligned like a pointer.
	const start = (12 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)
	value := int64(*(*int32)(unsafe.Add(unsafe.Pointer(&info), start+8)))
	switch info.Code {
	case 1: // CLD_EXITED
		return value & 0xff << 8, true
	case 3: // CLD_DUMPED
		return value | 0x80, true
	}
	return value, true // CLD_KILLED
}

// zombieStatus reads /proc, which has the status until the parent has waited for the process, for
// readers that may inspect it.
func zombieStatus(pidfd int, pid uint64) (int64, bool) {
	text, err := os.ReadFile("/proc/" + strconv.FormatUint(pid, 10) + "/stat")
	if err != nil || !isZombie(pidfd) { // the number may be that of another process by now
		return 0, false
	}
	// The name is in parentheses and may contain some. The status is the last of 52 fields.
	_, rest, _ := bytes.Cut(text[max(bytes.LastIndexByte(text, ')'), 0):], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 50 || string(fields[0]) != "Z" {
		return 0, false
	}
	status, err := strconv.ParseInt(string(fields[49]), 10, 64)
	// Other readers see zero, which means nothing.
	return status, err == nil && (status != 0 || mayInspect(pid))
}

// mayInspect reports whether /proc shows this process all fields of the other one.
func mayInspect(pid uint64) bool {
	var stat unix.Stat_t
	err := unix.Stat("/proc/"+strconv.FormatUint(pid, 10), &stat)
	return err == nil && (os.Geteuid() == 0 || int(stat.Uid) == os.Geteuid())
}

// isZombie reports whether the process has ended and its parent has not waited for it.
func isZombie(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLHUP == 0
}
