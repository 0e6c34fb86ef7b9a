//go:build linux

package kqueueemu

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// forkNotes are the notes of FilterProc that need the process events connector.
const forkNotes = kevent.NoteFork | kevent.NoteExec | kevent.NoteTrack

// forks is a queue's connection to the process events connector, which reports the forks, execs
// and exits of all processes.
type forks struct{ fd int }

// The numbers of <linux/connector.h> and <linux/cn_proc.h>, and the sizes of the structs before an
// event: struct cn_msg, and the fixed part of struct proc_event.
const (
	processGroup   = 1 // CN_IDX_PROC
	processValue   = 1 // CN_VAL_PROC
	startListening = 1 // PROC_CN_MCAST_LISTEN

	eventNone = 0
	eventFork = 1
	eventExec = 2
	eventExit = 0x80000000

	sizeofConnector = 20
	sizeofEvent     = 16
)

// makeForks connects the queue. It returns EPERM if the program lacks CAP_NET_ADMIN, or is in a
// namespace to which the kernel reports nothing.
func (q *Queue) makeForks(epoll int) syscall.Errno {
	if q.forks.fd >= 0 {
		return 0
	}
	fd, errno := q.adopt(unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR))
	switch errno {
	case 0:
	case unix.EPROTONOSUPPORT:
		return unix.EPERM
	default:
		return errno
	}
	if errno := q.startForks(fd); errno != 0 {
		q.discard(fd)
		return errno
	}
	if errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, forkSlot, 0); errno != 0 {
		q.discard(fd)
		return errno
	}
	q.forks.fd = fd
	return 0
}

func (q *Queue) startForks(fd int) syscall.Errno {
	if unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: processGroup}) != nil {
		return unix.EPERM
	}
	// After an error the default size remains, which works as well.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 1<<20)
	if unix.Sendto(fd, listenRequest(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return unix.EPERM
	}
	// The kernel has already replied, or ignores the request.
	for {
		n, _, err := unix.Recvfrom(fd, q.messages(), 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return unix.EPERM
		}
		if event, what, ok := eventOf(q.buffer[:n]); ok && what == eventNone && len(event) >= 4 {
			return syscall.Errno(binary.NativeEndian.Uint32(event))
		}
	}
}

// listenRequest returns the message that asks for events.
func listenRequest() []byte {
	const size = unix.SizeofNlMsghdr + sizeofConnector + 4
	message := make([]byte, 0, size)
	for _, word := range [...]uint32{size, unix.NLMSG_DONE, 0, 0, processGroup, processValue, 0, 0} {
		if len(message) == 4 { // two fields of 16 bits
			message = binary.NativeEndian.AppendUint16(message, uint16(word))
			message = binary.NativeEndian.AppendUint16(message, 0)
			continue
		}
		message = binary.NativeEndian.AppendUint32(message, word)
	}
	message = binary.NativeEndian.AppendUint16(message, 4) // the length of what follows
	message = binary.NativeEndian.AppendUint16(message, 0)
	return binary.NativeEndian.AppendUint32(message, startListening)
}

// eventOf returns the kind of the event in the message, and the part that depends on the kind.
func eventOf(message []byte) (event []byte, what uint32, ok bool) {
	const start = unix.SizeofNlMsghdr + sizeofConnector
	if len(message) < start+sizeofEvent {
		return nil, 0, false
	}
	connector := message[unix.SizeofNlMsghdr:]
	if binary.NativeEndian.Uint32(connector) != processGroup {
		return nil, 0, false
	}
	return message[start+sizeofEvent:], binary.NativeEndian.Uint32(message[start:]), true
}

// readForks handles all events that have arrived.
func (q *Queue) readForks() {
	for q.forks.fd >= 0 {
		n, _, err := unix.Recvfrom(q.forks.fd, q.messages(), 0)
		switch {
		case err == unix.EINTR:
		case err == unix.ENOBUFS:
			q.lostForks()
		case err != nil || n <= 0:
			return
		default:
			q.processEvent(q.buffer[:n])
		}
	}
}

// lostForks reports that children may not be followed, because messages were lost.
func (q *Queue) lostForks() {
	for _, r := range q.registrations {
		if r.filter == kevent.FilterProc && r.fflags&kevent.NoteTrack != 0 {
			r.noted |= kevent.NoteTrackErr
			q.activate(r)
		}
	}
}

func (q *Queue) processEvent(message []byte) {
	event, what, ok := eventOf(message)
	if !ok || len(event) < 16 {
		return
	}
	// The thread and the process of the parent, and of the child in a fork.
	ids := (*[4]int32)(unsafe.Pointer(&event[0]))
	switch what {
	case eventFork:
		if ids[2] == ids[3] { // not a thread
			q.forked(ids[1], ids[3])
		}
	case eventExec:
		if r := q.process(ids[1]); r != nil {
			q.record(r, kevent.NoteExec)
		}
	case eventExit:
		if r := q.process(ids[1]); r != nil && ids[0] == ids[1] {
			q.exited(r, int64(ids[2]))
		}
	}
}

func (q *Queue) process(pid int32) *registration {
	return q.registrations[key{uint64(pid), kevent.FilterProc}]
}

// forked records a fork, and follows the child if that was requested.
func (q *Queue) forked(parent, child int32) {
	r := q.process(parent)
	if r == nil {
		return
	}
	if r.fflags&kevent.NoteTrack != 0 && q.follow(r, child) != 0 {
		r.noted |= kevent.NoteTrackErr
		q.activate(r)
	}
	q.record(r, kevent.NoteFork)
}

// follow registers a child like its parent. If the child has already ended, its exit is among the
// events that follow.
func (q *Queue) follow(parent *registration, child int32) syscall.Errno {
	r := q.process(child)
	if r == nil {
		r = q.newRegistration()
		*r = registration{
			key: key{uint64(child), kevent.FilterProc}, source: process{}, fd: -1,
			flags: parent.flags &^ kevent.OneShot, fflags: parent.fflags, data: parent.data, udata: parent.udata,
		}
		q.occupy(r)
		if errno := r.openProcess(q); errno != 0 && errno != unix.ESRCH {
			q.vacate(r)
			return errno
		}
		q.registrations[r.key] = r
	}
	r.followed, r.parentID = true, int64(parent.ident)
	q.activate(r)
	return 0
}

// exited records the exit of a process. It also ends the registration of a followed child that has
// no pidfd.
func (q *Queue) exited(r *registration, status int64) {
	r.status, r.statusKnown = status, true
	if r.fd < 0 { // otherwise the pidfd reports it
		r.ended = true
		q.activate(r)
	}
}
