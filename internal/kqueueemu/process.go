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
)

// process is FilterProc, with a pidfd each.
type process struct{}

// unknownStatus is the data of the exit of a process of which nobody tells how it ended.
const unknownStatus = -1

func (process) attach(q *Queue, epoll int, k *note) syscall.Errno {
	if k.ident == 0 || k.ident > math.MaxInt32 {
		return unix.ESRCH
	}
	k.flags |= evClear
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

// exits is what the note waits for, if it does.
func (k *note) exits() uint32 {
	if k.fflags&noteExit == 0 {
		return 0
	}
	return k.readable()
}

func (process) touch(_ *Queue, _ int, k *note, change Event) syscall.Errno {
	if change.Flags&evAdd != 0 {
		k.fflags, k.data = change.Fflags, change.Data
	}
	k.flags |= evClear
	return 0
}

func (process) enable(_ *Queue, epoll int, k *note) syscall.Errno {
	return epollCtl(epoll, unix.EPOLL_CTL_MOD, k.fd, unix.EPOLLET|k.exits(), k.slot, k.generation)
}

func (process) detach(q *Queue, _ int, k *note) syscall.Errno {
	q.discard(k.fd)
	return 0
}

func (process) again(*Queue, int, *note) syscall.Errno { return 0 }

// fire tells how the process ended. If only its parent may know, until it has waited for it, the pidfd tells when it has.
func (process) fire(_ *Queue, k *note, ready uint32) (report, bool) {
	if k.fflags&noteExit == 0 {
		return report{}, false
	}
	status, known := k.status()
	if !known {
		if ready&unix.EPOLLHUP == 0 && tellsLater(k.fd) {
			return report{}, false
		}
		status = unknownStatus
	}
	return report{flags: evEOF | evOneShot, fflags: noteExit, data: status}, true
}

// status is what wait(2) would tell, without waiting for the process.
func (k *note) status() (status int64, known bool) {
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

// tellsLater reports whether the kernel takes the question, though it has no answer yet: then it has one when the parent has
// waited for the process (Linux 6.15; two versions before take the question and never answer).
func tellsLater(pidfd int) bool {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	return unix.IoctlPidfdInfo(pidfd, &info) == nil
}

// childStatus asks as the parent. The process stays to be waited for.
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
	// struct siginfo goes on with si_pid, si_uid and si_status, aligned as a pointer is.
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

// zombieStatus asks /proc, which tells those that may look at the process, as long as its parent has not waited for it.
func zombieStatus(pidfd int, pid uint64) (int64, bool) {
	text, err := os.ReadFile("/proc/" + strconv.FormatUint(pid, 10) + "/stat")
	if err != nil || !isZombie(pidfd) { // the number may be another process's by now
		return 0, false
	}
	// The name is in parentheses, and may hold some. The status is the last of 52 fields.
	_, rest, _ := bytes.Cut(text[max(bytes.LastIndexByte(text, ')'), 0):], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 50 || string(fields[0]) != "Z" {
		return 0, false
	}
	status, err := strconv.ParseInt(string(fields[49]), 10, 64)
	// Those that may not look see zero, which says nothing.
	return status, err == nil && (status != 0 || mayLookAt(pid))
}

// mayLookAt reports whether /proc shows this process all of the other one.
func mayLookAt(pid uint64) bool {
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
