//go:build linux

package kqueueemu

import (
	"bytes"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// filesystems is the source of FilterFS. It uses /proc/thread-self/mountinfo, and ignores the
// ident.
type filesystems struct{}

const mountNotes = kevent.NoteMount | kevent.NoteUnmount

// mounts holds the mounted file systems that a queue knows.
type mounts struct {
	fd      int // of mountinfo, which poll(2) reports after each change
	known   map[string]bool
	watched atomic.Int32 // the number of registrations
}

func (filesystems) attach(q *Queue, epoll int, r *registration) syscall.Errno {
	if errno := onlyNotes(r.fflags, mountNotes); errno != 0 {
		return errno
	}
	if errno := q.makeMounts(epoll); errno != 0 {
		return errno
	}
	q.compareMounts() // earlier changes are not the registration's
	r.flags |= kevent.Clear
	q.mounts.watched.Add(1)
	return 0
}

func (filesystems) touch(q *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	return r.takeNotes(change, mountNotes, q.compareMounts)
}

func (filesystems) enable(q *Queue, _ int, r *registration) syscall.Errno {
	q.record(r, 0)
	return 0
}

func (filesystems) detach(q *Queue, _ int, _ *registration) syscall.Errno {
	q.mounts.watched.Add(-1)
	return 0
}

func (filesystems) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	notes := r.noted & r.fflags
	r.noted = 0
	return report{fflags: notes}, notes != 0, 0
}

func (filesystems) reportAgain(*Queue, int, *registration) syscall.Errno { return 0 }

func (q *Queue) makeMounts(epoll int) syscall.Errno {
	if q.mounts.fd >= 0 {
		return 0
	}
	// A thread may have its own mount namespace. The open file keeps showing that of this
	// thread.
	fd, errno := q.adopt(unix.Open("/proc/thread-self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0))
	if errno == unix.ENOENT {
		return ErrNoProc
	}
	if errno != 0 {
		return errno
	}
	known, errno := listMounts(fd)
	if errno == 0 {
		errno = epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLPRI|unix.EPOLLET, mountSlot, 0)
	}
	if errno != 0 {
		q.discard(fd)
		return errno
	}
	q.mounts.fd, q.mounts.known = fd, known
	return 0
}

// listMounts returns the numbers of all mounts.
func listMounts(fd int) (map[string]bool, syscall.Errno) {
	info, errno := sys.ReadAll(fd)
	if errno != 0 {
		return nil, errno
	}
	known := make(map[string]bool)
	for line := range bytes.Lines(info) {
		number, _, _ := bytes.Cut(line, []byte(" "))
		known[string(number)] = true
	}
	return known, 0
}

// lookAtMounts is called before each wait, because a poll(2) of the queue's descriptor consumes the
// epoll's event.
func (q *Queue) lookAtMounts() {
	if q.mounts.watched.Load() > 0 {
		q.mu.Lock()
		q.compareMounts()
		q.mu.Unlock()
	}
}

// compareMounts records the changes since the last call.
func (q *Queue) compareMounts() {
	if q.mounts.fd < 0 {
		return
	}
	now, errno := listMounts(q.mounts.fd)
	if errno != 0 { // the next wait retries
		return
	}
	var notes uint32
	for number := range now {
		if !q.mounts.known[number] {
			notes |= kevent.NoteMount
		}
	}
	for number := range q.mounts.known {
		if !now[number] {
			notes |= kevent.NoteUnmount
		}
	}
	q.mounts.known = now
	for _, r := range q.registrations {
		if notes != 0 && r.filter == kevent.FilterFS {
			q.record(r, notes)
		}
	}
}
