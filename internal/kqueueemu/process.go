//go:build linux

package kqueueemu

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// process is the source of FilterProc. Each registration has a pidfd.
type process struct{}

// unknownStatus is the Data of an exit whose status is unknown.
const unknownStatus = -1

func (p process) attach(q *Queue, epoll int, r *registration) syscall.Errno {
	if r.ident == 0 || r.ident > math.MaxInt32 {
		return unix.ESRCH
	}
	r.flags |= kevent.Clear
	errno := r.openProcess(q)
	if errno != 0 {
		return errno
	}
	if r.fflags&kevent.NoteExit == 0 && isZombie(r.fd) {
		errno = unix.ESRCH
	} else {
		errno = p.connect(q, epoll, r.fflags)
	}
	if errno == 0 {
		errno = r.arm(epoll)
	}
	if errno != 0 {
		q.discard(r.fd)
	}
	return errno
}

// arm makes the epoll report the exit, which also ends a registration without NoteExit.
func (r *registration) arm(epoll int) syscall.Errno {
	op := unix.EPOLL_CTL_MOD
	if !r.armed {
		op = unix.EPOLL_CTL_ADD
	}
	errno := epollCtl(epoll, op, r.fd, unix.EPOLLET|r.readable(), r.slot, r.generation)
	r.armed = r.armed || errno == 0
	return errno
}

// openProcess opens the pidfd.
func (r *registration) openProcess(q *Queue) syscall.Errno {
	fd, errno := q.adopt(unix.PidfdOpen(int(r.ident), 0))
	switch errno {
	case 0:
		r.fd = fd
	case unix.EINVAL, unix.ENOENT: // a thread
		return unix.ESRCH
	case unix.EPERM: // a sandbox refuses the call
		return unix.ENOSYS
	}
	return errno
}

// connect connects the queue to the process events connector, if the notes need it.
func (process) connect(q *Queue, epoll int, fflags uint32) syscall.Errno {
	if fflags&forkNotes == 0 {
		return 0
	}
	errno := q.makeForks(epoll)
	if errno == 0 {
		q.readForks() // earlier events are not the registration's
	}
	return errno
}

func (p process) touch(q *Queue, epoll int, r *registration, change kevent.Event) syscall.Errno {
	r.flags |= kevent.Clear
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	if errno := p.connect(q, epoll, change.Fflags); errno != 0 {
		return errno
	}
	r.fflags, r.data = change.Fflags, change.Data
	return 0
}

func (process) enable(q *Queue, epoll int, r *registration) syscall.Errno {
	if r.isDue() {
		q.activate(r)
	}
	if r.fd < 0 || r.followed { // NoteChild comes before the exit
		return 0
	}
	return r.arm(epoll)
}

func (process) detach(q *Queue, _ int, r *registration) syscall.Errno {
	if r.fd >= 0 {
		q.discard(r.fd)
	}
	return 0
}

// isDue reports whether the registration has an event that does not come from its pidfd.
func (r *registration) isDue() bool { return r.followed || r.ended || r.noted != 0 }

// again reports what had to wait until NoteChild was reported.
func (process) reportAgain(q *Queue, epoll int, r *registration) syscall.Errno {
	if r.isDue() {
		q.activate(r)
	}
	if r.fd >= 0 && !r.armed {
		return r.arm(epoll)
	}
	return 0
}

// fire reports NoteChild first, in a separate event, and then the other notes.
func (process) fire(_ *Queue, r *registration, ready uint32) (event report, fired bool, errno syscall.Errno) {
	if r.followed {
		r.followed = false
		return report{fflags: kevent.NoteChild, data: r.parentID}, true, 0
	}
	event.fflags = r.noted & (r.fflags | kevent.NoteTrackErr)
	r.noted = 0
	if status, ended := r.exit(ready); ended {
		event.flags = kevent.EOF | kevent.OneShot
		if r.fflags&kevent.NoteExit != 0 {
			event.fflags |= kevent.NoteExit
			event.data = status
		}
		if event.fflags == 0 {
			// The exit was not requested, so it only removes the registration.
			return event, false, unix.ENOENT
		}
	}
	return event, event.fflags != 0, 0
}

// exit returns the status of the process, if it has ended. If the kernel reports the status only
// after the parent has waited for the process, the pidfd becomes ready again at that time.
func (r *registration) exit(ready uint32) (status int64, ended bool) {
	switch {
	case r.ended:
		return r.status, true
	case ready == 0:
		return 0, false
	case r.fflags&kevent.NoteExit == 0:
		return 0, true
	}
	status, known := r.findStatus()
	if !known {
		if ready&unix.EPOLLHUP == 0 && isKnownLater(r.fd) {
			return 0, false
		}
		status = unknownStatus
	}
	return status, true
}

// findStatus returns the status that wait(2) would return, without reaping the process.
func (r *registration) findStatus() (status int64, known bool) {
	if r.statusKnown {
		return r.status, true
	}
	if status, known := sys.WaitStatus(r.fd); known {
		return int64(status), true
	}
	return zombieStatus(r.fd, r.ident)
}

// isKnownLater reports whether the kernel supports the request but has no status yet. Linux 6.15
// has one after the parent has waited for the process. Linux 6.13 and 6.14 never have one.
func isKnownLater(pidfd int) bool {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	return unix.IoctlPidfdInfo(pidfd, &info) == nil
}

// zombieStatus reads the status in /proc. Readers that may inspect the process see it there until
// the parent has waited for the process.
func zombieStatus(pidfd int, pid uint64) (int64, bool) {
	text, err := sys.ReadFile("/proc/" + strconv.FormatUint(pid, 10) + "/stat")
	if err != nil || !isZombie(pidfd) { // the number may already belong to another process
		return 0, false
	}
	// The name is in parentheses and may contain parentheses. The status is the last of 52
	// fields.
	_, rest, _ := bytes.Cut(text[max(bytes.LastIndexByte(text, ')'), 0):], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 50 || string(fields[0]) != "Z" {
		return 0, false
	}
	status, err := strconv.ParseInt(string(fields[49]), 10, 64)
	// A reader without permission sees zero.
	return status, err == nil && (status != 0 || mayInspect(pid))
}

// mayInspect reports whether /proc shows this process all fields of another one.
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
