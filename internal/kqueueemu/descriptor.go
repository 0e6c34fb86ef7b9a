//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// descriptor is FilterRead and FilterWrite of whatever epoll takes.
type descriptor struct{}

// kind is what a descriptor is of, as far as it matters.
type kind uint8

const (
	other kind = iota
	socket
	pipe
)

// atomicRoom is the room of a pipe that epoll calls writable, at least.
const atomicRoom = 4096

func (d descriptor) attach(q *Queue, epoll int, k *note) syscall.Errno {
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
	if errno := k.lowWater(k.fflags, k.data); errno != 0 {
		return errno
	}
	// An epoll holds a descriptor once. The other filter has flags of its own, so it gets an entry in another epoll.
	sibling := q.sibling(k)
	if sibling != nil && sibling.source == source(d) && !sibling.second {
		if errno := q.makeSecond(epoll); errno != 0 {
			return errno
		}
		k.second = true
	}
	errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, k)
	if errno == unix.EEXIST { // a registration of before, when the number had been given back and was then got again
		errno = d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
	}
	if errno == unix.EPERM {
		k.source = file{}
		return k.source.attach(q, epoll, k)
	}
	return errno
}

// sibling is the note of the same descriptor for the other direction.
func (q *Queue) sibling(k *note) *note { return q.notes[key{k.ident, Read + Write - k.filter}] }

// makeSecond makes the second epoll, inside the first.
func (q *Queue) makeSecond(epoll int) syscall.Errno {
	if q.second >= 0 {
		return 0
	}
	fd, errno := q.adopt(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	if errno != 0 {
		return errno
	}
	if errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, secondSlot, 0); errno != 0 {
		q.discard(fd)
		return errno
	}
	q.second = fd
	return 0
}

// control changes the note's entry in the epoll that holds it. Where the number was closed, and has become that of something
// that the queue needs, the entry is not the note's.
func (descriptor) control(q *Queue, epoll, op int, k *note) syscall.Errno {
	if q.own[int(k.ident)] {
		return unix.EBADF
	}
	if k.second {
		epoll = q.second
	}
	events := uint32(unix.EPOLLET)
	if !k.disabled {
		events |= k.wants()
	}
	return epollCtl(epoll, op, int(k.ident), events, k.slot, k.generation)
}

func (k *note) wants() uint32 {
	if k.filter == Write {
		return unix.EPOLLOUT
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP
}

// lowWater refuses a low water mark for writing above what the kernel itself waits for: it tells nothing between that and the
// mark. One for reading can always be kept, as every arrival is told.
func (k *note) lowWater(fflags uint32, mark int64) syscall.Errno {
	if k.filter != Write || fflags&noteLowat == 0 || mark <= 1 {
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

func (descriptor) touch(_ *Queue, _ int, k *note, change Event) syscall.Errno {
	if change.Flags&evAdd == 0 {
		return 0
	}
	if errno := k.lowWater(change.Fflags, change.Data); errno != 0 {
		return errno
	}
	k.fflags, k.data = change.Fflags, change.Data
	return 0
}

// enable makes the epoll look again, too.
func (d descriptor) enable(q *Queue, epoll int, k *note) syscall.Errno {
	return d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
}

func (d descriptor) detach(q *Queue, epoll int, k *note) syscall.Errno {
	if epoll < 0 {
		return 0
	}
	return d.control(q, epoll, unix.EPOLL_CTL_DEL, k)
}

// again finds out as well whether the number is still the file's that was ready: others are not in the epoll.
func (d descriptor) again(q *Queue, epoll int, k *note) syscall.Errno {
	if k.flags&evClear == 0 {
		return d.control(q, epoll, unix.EPOLL_CTL_MOD, k)
	}
	// The epoll would tell anew what is ready. Adding once more changes nothing, and fails.
	switch errno := d.control(q, epoll, unix.EPOLL_CTL_ADD, k); errno {
	case unix.EEXIST:
		return 0
	case 0:
		_ = d.control(q, epoll, unix.EPOLL_CTL_DEL, k)
		return unix.ENOENT
	default:
		return errno
	}
}

func (descriptor) fire(q *Queue, k *note, ready uint32) (report, bool) {
	told, connected := k.end(q, ready)
	if !connected {
		return told, false
	}
	ended := told.flags&evEOF != 0 || told.fflags != 0
	if k.filter == Write {
		told.data = k.room()
		return told, ended || ready&unix.EPOLLOUT != 0
	}
	told.data = k.waiting()
	if !ended && k.fflags&noteLowat != 0 && told.data < k.data {
		return told, false
	}
	// An empty datagram is ready, and has nothing to read. What somebody else has read meanwhile is not ready.
	return told, ended || told.data > 0 || k.pollsReadable()
}

// end is what there is to report of the end of a connection. A socket that was never connected has none: Linux calls it hung
// up, and kqueue does not.
func (k *note) end(q *Queue, ready uint32) (told report, connected bool) {
	if ready&(unix.EPOLLHUP|unix.EPOLLERR|unix.EPOLLRDHUP) == 0 {
		k.failed = 0
		return told, true
	}
	if k.kind != socket {
		told.flags = evEOF
		return told, true
	}
	if ready&(unix.EPOLLHUP|unix.EPOLLRDHUP) != 0 {
		told.flags = evEOF
	}
	if ready&unix.EPOLLERR != 0 && k.fflags&LeaveError != 0 {
		told.fflags = LeaveError
		return told, true
	}
	if ready&unix.EPOLLERR != 0 {
		q.takeError(k)
	}
	told.fflags = uint32(k.failed)
	return told, k.failed != 0 || ready&unix.EPOLLHUP == 0 || k.wasConnected()
}

// takeError asks for the socket's error. The kernel tells it once, so the note of the other filter is told as well.
func (q *Queue) takeError(k *note) {
	value, err := unix.GetsockoptInt(int(k.ident), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || value == 0 {
		return
	}
	k.failed = syscall.Errno(value)
	if sibling := q.sibling(k); sibling != nil {
		sibling.failed = k.failed
	}
}

// wasConnected looks, without reading, whether the end of the stream has come, or there has been no stream yet.
func (k *note) wasConnected() bool {
	var one [1]byte
	_, _, err := unix.Recvfrom(int(k.ident), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.ENOTCONN
}
