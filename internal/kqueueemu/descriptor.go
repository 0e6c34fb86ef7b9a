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
)

// atomicRoom is the smallest free room in a pipe with which epoll reports it as writable.
const atomicRoom = 4096

func (d descriptor) attach(q *Queue, epoll int, k *knote) syscall.Errno {
	var stat unix.Stat_t
	if err := unix.Fstat(int(k.ident), &stat); err != nil {
		return err.(syscall.Errno)
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		k.kind = socket
	case unix.S_IFIFO:
		k.kind = pipe
	}
	if errno := k.checkNotes(k.fflags, k.data); errno != 0 {
		return errno
	}
	if errno := q.chooseLayer(epoll, k); errno != 0 {
		return errno
	}
	errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, k)
	if errno == unix.EEXIST { // an entry of a registration whose number was closed and reopened
		errno = d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
	}
	if errno != unix.EPERM {
		return errno
	}
	if k.filter == kevent.FilterExcept {
		return unix.EINVAL
	}
	k.source = file{}
	return k.source.attach(q, epoll, k)
}

// sibling returns the knote of the same descriptor with another filter.
func (q *Queue) sibling(k *knote, filter int16) *knote { return q.knotes[key{k.ident, filter}] }

// chooseLayer finds an epoll for the knote. An epoll holds a descriptor only once, and each filter
// has flags of its own, so the second filter of a descriptor goes into an inner epoll.
func (q *Queue) chooseLayer(epoll int, k *knote) syscall.Errno {
	var taken [1 + inner]bool
	for _, filter := range [...]int16{kevent.FilterRead, kevent.FilterWrite, kevent.FilterExcept, kevent.FilterVnode} {
		if sibling := q.sibling(k, filter); filter != k.filter && sibling != nil {
			taken[sibling.layer] = taken[sibling.layer] || sibling.polled()
		}
	}
	for k.layer = 0; taken[k.layer]; {
		k.layer++
	}
	if k.layer == 0 {
		return 0
	}
	return q.makeInner(epoll, k.layer-1)
}

// polled reports whether an epoll holds the knote's descriptor.
func (k *knote) polled() bool { return k.hangs || k.source == source(descriptor{}) }

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

// control changes the knote's entry in its epoll. It returns EBADF if the number was closed and now
// belongs to one of the queue's own descriptors.
func (descriptor) control(q *Queue, epoll, op int, k *knote) syscall.Errno {
	if q.own.has(int(k.ident)) {
		return unix.EBADF
	}
	if k.layer > 0 {
		epoll = q.inner[k.layer-1]
	}
	events := uint32(unix.EPOLLET)
	if !k.disabled {
		events |= k.wants()
	}
	return epollCtl(epoll, op, int(k.ident), events, k.slot, k.generation)
}

func (k *knote) wants() uint32 {
	switch k.filter {
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
func (k *knote) checkNotes(fflags uint32, mark int64) syscall.Errno {
	if k.filter == kevent.FilterExcept && fflags&kevent.NoteOOB == 0 {
		return unix.EINVAL
	}
	if k.filter != kevent.FilterWrite || fflags&kevent.NoteLowat == 0 || mark <= 1 {
		return 0
	}
	kept := int64(1)
	switch k.kind {
	case pipe:
		kept = atomicRoom
	case socket:
		size, err := unix.GetsockoptInt(int(k.ident), unix.SOL_SOCKET, unix.SO_SNDBUF)
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

func (descriptor) touch(_ *Queue, _ int, k *knote, change kevent.Event) syscall.Errno {
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	if errno := k.checkNotes(change.Fflags, change.Data); errno != 0 {
		return errno
	}
	k.fflags, k.data = change.Fflags, change.Data
	return 0
}

// enable makes the epoll report the current condition as well.
func (d descriptor) enable(q *Queue, epoll int, k *knote) syscall.Errno {
	return d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
}

func (d descriptor) detach(q *Queue, epoll int, k *knote) syscall.Errno {
	if epoll < 0 {
		return 0
	}
	return d.control(q, epoll, unix.EPOLL_CTL_DEL, k)
}

// again also detects whether the number still belongs to the registered file, because the epoll has
// no entry for any other.
func (d descriptor) again(q *Queue, epoll int, k *knote) syscall.Errno {
	if k.flags&kevent.Clear == 0 {
		return d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
	}
	// Modifying the entry would report the current condition again. Adding it fails and changes
	// nothing.
	switch errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, k); errno {
	case unix.EEXIST:
		return 0
	case 0:
		_ = d.control(q, epoll, unix.EPOLL_CTL_DEL, k)
		return unix.ENOENT
	case unix.EBADF, unix.EPERM:
		return errno
	default: // ENOMEM and ENOSPC hide the result; an extra report does no harm
		return d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
	}
}

func (d descriptor) fire(q *Queue, k *knote, ready uint32) (report, bool, syscall.Errno) {
	if k.filter == kevent.FilterExcept {
		event, fired := k.exceptional(ready)
		return event, fired, 0
	}
	event, connected := k.end(q, ready)
	if !connected {
		return event, false, 0
	}
	ended := event.flags&kevent.EOF != 0 || event.fflags != 0
	if k.filter == kevent.FilterWrite {
		event.data = k.room()
		return event, ended || ready&unix.EPOLLOUT != 0, 0
	}
	event.data = k.waiting()
	if !ended && k.fflags&kevent.NoteLowat != 0 && event.data < k.data {
		return event, false, 0
	}
	// An empty datagram is ready although it has no bytes. If another reader was first, nothing is
	// ready.
	return event, ended || event.data > 0 || k.polls(unix.POLLIN) != 0, 0
}

// exceptional returns the event of FilterExcept.
func (k *knote) exceptional(ready uint32) (event report, fired bool) {
	if ready&(unix.EPOLLHUP|unix.EPOLLERR) != 0 && k.kind == socket {
		event.flags = kevent.EOF
	}
	if ready&unix.EPOLLPRI != 0 { // another poll would consume the event of files that report it once
		event.fflags = kevent.NoteOOB
	}
	return event, event.fflags != 0
}

// end returns the flags and the error for the end of a connection. connected is false for a socket
// that was never connected: Linux reports a hang-up of it, and kqueue does not.
func (k *knote) end(q *Queue, ready uint32) (event report, connected bool) {
	if ready&(unix.EPOLLHUP|unix.EPOLLERR|unix.EPOLLRDHUP) == 0 {
		k.failed = 0
		return event, true
	}
	if k.kind != socket {
		event.flags = kevent.EOF
		return event, true
	}
	if ready&(unix.EPOLLHUP|unix.EPOLLRDHUP) != 0 {
		event.flags = kevent.EOF
	}
	if ready&unix.EPOLLERR != 0 && k.fflags&LeaveError != 0 {
		event.fflags = LeaveError
		return event, true
	}
	if ready&unix.EPOLLERR != 0 {
		q.takeError(k)
	}
	event.fflags = uint32(k.failed)
	return event, k.failed != 0 || ready&unix.EPOLLHUP == 0 || k.wasConnected()
}

// takeError reads the socket's error. The kernel reports it once, so the knote of the other
// direction also keeps it.
func (q *Queue) takeError(k *knote) {
	value, err := unix.GetsockoptInt(int(k.ident), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || value == 0 {
		return
	}
	k.failed = syscall.Errno(value)
	if sibling := q.sibling(k, kevent.FilterRead+kevent.FilterWrite-k.filter); sibling != nil {
		sibling.failed = k.failed
	}
}

// wasConnected peeks at the stream, to distinguish one that has ended from one that was never
// connected.
func (k *knote) wasConnected() bool {
	var one [1]byte
	_, _, err := unix.Recvfrom(int(k.ident), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.ENOTCONN
}
