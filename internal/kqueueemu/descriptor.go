//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// descriptor is the source of FilterRead, FilterWrite and FilterExcept for descriptors that epoll
// accepts.
type descriptor struct{}

// kind is a kind of descriptor that the filters treat differently.
type kind uint8

const (
	other kind = iota
	socket
	pipe
	counter // an eventfd, a timerfd, an epoll and the like, of which Linux reports no number
)

// atomicRoom is the smallest free room in a pipe with which epoll reports it as writable.
const atomicRoom = 4096

func (d descriptor) attach(q *Queue, epoll int, r *registration) syscall.Errno {
	var stat unix.Stat_t
	if err := unix.Fstat(int(r.ident), &stat); err != nil {
		return err.(syscall.Errno)
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		r.kind = socket
		r.listens = r.filter == kevent.FilterRead && isListener(int(r.ident))
	case unix.S_IFIFO:
		r.kind = pipe
	case 0:
		if _, errno := ioctl(int(r.ident), unix.TIOCINQ); errno != 0 { // ENOTTY, or EINVAL
			r.kind = counter
		}
	}
	if errno := r.checkNotes(r.fflags, r.data); errno != 0 {
		return errno
	}
	if errno := q.chooseLayer(epoll, r); errno != 0 {
		return errno
	}
	errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, r)
	if errno == unix.EEXIST { // an entry of a registration whose number was closed and reopened
		errno = d.control(q, epoll, unix.EPOLL_CTL_MOD, r)
	}
	if errno == 0 && q.isFragile(r) && !q.fragile.Swap(true) {
		q.wake() // waiters must no longer sleep in poll(2)
	}
	if errno != unix.EPERM {
		return errno
	}
	if r.filter == kevent.FilterExcept {
		return unix.EINVAL
	}
	r.source = file{}
	return r.source.attach(q, epoll, r)
}

// sibling returns the registration of the same descriptor with another filter.
func (q *Queue) sibling(r *registration, filter int16) *registration {
	return q.registrations[key{r.ident, filter}]
}

// chooseLayer finds an epoll for the registration. An epoll holds a descriptor only once, and each
// filter has flags of its own, so the second filter of a descriptor goes into an inner epoll.
func (q *Queue) chooseLayer(epoll int, r *registration) syscall.Errno {
	var taken [1 + inner]bool
	for _, filter := range [...]int16{kevent.FilterRead, kevent.FilterWrite, kevent.FilterExcept, kevent.FilterVnode} {
		if sibling := q.sibling(r, filter); filter != r.filter && sibling != nil {
			taken[sibling.layer] = taken[sibling.layer] || sibling.polled()
		}
	}
	for r.layer = 0; taken[r.layer]; {
		r.layer++
	}
	if r.layer == 0 {
		return 0
	}
	return q.makeInner(epoll, r.layer-1)
}

// polled reports whether an epoll holds the registration's descriptor.
func (r *registration) polled() bool { return r.reportsHangUp || r.source == source(descriptor{}) }

// isFragile reports whether poll(2) of the queue may consume an event of the registration. A
// perf_event reports each event only once, to whichever call asks first. So do some files in /proc
// with EPOLLPRI. An epoll may hold such a file.
func (q *Queue) isFragile(r *registration) bool {
	if r.kind == counter {
		_, errno := ioctl(int(r.ident), unix.PERF_EVENT_IOC_ID)
		return errno == 0 || q.isEpoll(int(r.ident))
	}
	return r.filter == kevent.FilterExcept && r.kind == other
}

// isEpoll reports whether fd is an epoll. Only an epoll can lack an entry.
func (q *Queue) isEpoll(fd int) bool {
	return epollCtl(fd, unix.EPOLL_CTL_DEL, q.wakeFD, 0, 0, 0) == unix.ENOENT
}

// makeInner opens an inner epoll, unless it exists.
func (q *Queue) makeInner(epoll, i int) syscall.Errno {
	if q.inner[i] >= 0 {
		return 0
	}
	fd, errno := q.adopt(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	if errno != 0 {
		return errno
	}
	if errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, int32(innerSlot-i), 0); errno != 0 {
		q.discard(fd)
		return errno
	}
	q.inner[i] = fd
	return 0
}

// control changes the registration's entry in its epoll. It returns EBADF if the number was closed
// and now belongs to one of the queue's own descriptors.
func (descriptor) control(q *Queue, epoll, op int, r *registration) syscall.Errno {
	if q.own.has(int(r.ident)) {
		return unix.EBADF
	}
	if r.layer > 0 {
		epoll = q.inner[r.layer-1]
	}
	events := uint32(unix.EPOLLET)
	if !r.disabled {
		events |= r.wants()
	}
	return epollCtl(epoll, op, int(r.ident), events, r.slot, r.generation)
}

func (r *registration) wants() uint32 {
	switch r.filter {
	case kevent.FilterWrite:
		return unix.EPOLLOUT
	case kevent.FilterExcept:
		return unix.EPOLLPRI
	case kevent.FilterVnode:
		return 0
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP
}

// checkNotes refuses a low-water mark for writing above the kernel's own, because nothing reports
// when it is reached. A mark for reading always works, because every arrival is reported.
// FilterExcept requires NoteOOB.
func (r *registration) checkNotes(fflags uint32, mark int64) syscall.Errno {
	if r.filter == kevent.FilterExcept && fflags&kevent.NoteOOB == 0 {
		return unix.EINVAL
	}
	if r.filter != kevent.FilterWrite || fflags&kevent.NoteLowat == 0 || mark <= 1 {
		return 0
	}
	kept := int64(1)
	switch r.kind {
	case pipe:
		kept = atomicRoom
	case socket:
		size, err := unix.GetsockoptInt(int(r.ident), unix.SOL_SOCKET, unix.SO_SNDBUF)
		if err != nil {
			return err.(syscall.Errno)
		}
		kept = int64(size) / 3
	}
	if mark > kept {
		return unix.EOPNOTSUPP
	}
	return 0
}

func (descriptor) touch(_ *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	if errno := r.checkNotes(change.Fflags, change.Data); errno != 0 {
		return errno
	}
	r.fflags, r.data = change.Fflags, change.Data
	return 0
}

// enable makes the epoll report the current condition as well.
func (d descriptor) enable(q *Queue, epoll int, r *registration) syscall.Errno {
	return d.control(q, epoll, unix.EPOLL_CTL_MOD, r)
}

func (d descriptor) detach(q *Queue, epoll int, r *registration) syscall.Errno {
	if epoll < 0 {
		return 0
	}
	return d.control(q, epoll, unix.EPOLL_CTL_DEL, r)
}

// reportAgain also detects whether the number still belongs to the registered file, because the
// epoll has no entry for any other.
func (d descriptor) reportAgain(q *Queue, epoll int, r *registration) syscall.Errno {
	if r.flags&kevent.Clear == 0 {
		return d.control(q, epoll, unix.EPOLL_CTL_MOD, r)
	}
	// Modifying the entry would report the current condition again. Adding it fails and changes
	// nothing.
	switch errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, r); errno {
	case unix.EEXIST:
		return 0
	case 0:
		_ = d.control(q, epoll, unix.EPOLL_CTL_DEL, r)
		return unix.ENOENT
	case unix.EBADF, unix.EPERM:
		return errno
	default: // ENOMEM and ENOSPC hide the result; an extra report does no harm
		return d.control(q, epoll, unix.EPOLL_CTL_MOD, r)
	}
}

func (d descriptor) fire(q *Queue, r *registration, ready uint32) (report, bool, syscall.Errno) {
	if r.filter == kevent.FilterExcept {
		event, fired := r.exceptional(ready)
		return event, fired, 0
	}
	event, connected := r.end(q, ready)
	if !connected {
		return event, false, 0
	}
	ended := event.flags&kevent.EOF != 0 || event.fflags != 0
	if r.filter == kevent.FilterWrite {
		event.data = r.room()
		return event, ended || ready&unix.EPOLLOUT != 0, 0
	}
	event.data = r.waiting()
	if !ended && r.fflags&kevent.NoteLowat != 0 && event.data < r.data {
		return event, false, 0
	}
	if ended || event.data > 0 {
		return event, true, 0
	}
	// An empty datagram is ready although it has no bytes. If another reader was first, nothing
	// is ready. If poll(2) fails, a surplus event is better than a lost one.
	readable, errno := r.polls(unix.POLLIN)
	return event, readable != 0 || errno != 0, 0
}

// exceptional returns the event of FilterExcept.
func (r *registration) exceptional(ready uint32) (event report, fired bool) {
	if ready&(unix.EPOLLHUP|unix.EPOLLERR) != 0 && r.kind == socket {
		event.flags = kevent.EOF
	}
	// Another poll would consume the event of files that report it once.
	if ready&unix.EPOLLPRI != 0 {
		event.fflags = kevent.NoteOOB
	}
	return event, event.fflags != 0
}

// end returns the flags and the error for the end of a connection. connected is false for a socket
// that was never connected: Linux reports a hang-up of it, and kqueue does not.
func (r *registration) end(q *Queue, ready uint32) (event report, connected bool) {
	if ready&(unix.EPOLLHUP|unix.EPOLLERR|unix.EPOLLRDHUP) == 0 {
		r.socketError = 0
		return event, true
	}
	if r.kind != socket {
		event.flags = kevent.EOF
		return event, true
	}
	if ready&(unix.EPOLLHUP|unix.EPOLLRDHUP) != 0 {
		event.flags = kevent.EOF
	}
	if ready&unix.EPOLLERR != 0 && r.fflags&LeaveError != 0 {
		event.fflags = LeaveError
		return event, true
	}
	if ready&unix.EPOLLERR != 0 {
		q.takeError(r)
	}
	if r.listens && ready&unix.EPOLLHUP != 0 { // after shutdown(2) no connection arrives
		event.fflags = uint32(unix.ECONNABORTED)
		return event, true
	}
	event.fflags = uint32(r.socketError)
	return event, r.socketError != 0 || ready&unix.EPOLLHUP == 0 || r.wasConnected()
}

// takeError reads the socket's error. The kernel reports it once, so the registration of the other
// direction also keeps it.
func (q *Queue) takeError(r *registration) {
	value, err := unix.GetsockoptInt(int(r.ident), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || value == 0 {
		return
	}
	r.socketError = syscall.Errno(value)
	if sibling := q.sibling(r, kevent.FilterRead+kevent.FilterWrite-r.filter); sibling != nil {
		sibling.socketError = r.socketError
	}
}

func isListener(fd int) bool {
	value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && value != 0
}

// wasConnected peeks at the stream, to distinguish one that has ended from one that was never
// connected.
func (r *registration) wasConnected() bool {
	var one [1]byte
	_, _, err := unix.Recvfrom(int(r.ident), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.ENOTCONN
}
