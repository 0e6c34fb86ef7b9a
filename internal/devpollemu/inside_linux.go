package devpollemu

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// epoll is an epoll that is part of a set. Its events bear a descriptor and a tag.
type epoll struct{ descriptor fdref.Descriptor }

// newEpoll is nil where the process may have no more descriptors.
func newEpoll() *epoll {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	e := new(epoll)
	e.descriptor.Set(fd, unix.Close)
	return e
}

func (e *epoll) fd() int { return e.descriptor.FD() }

// acquire keeps the number from being closed until release.
func (e *epoll) acquire() bool {
	_, err := e.descriptor.Acquire()
	return err == nil
}

func (e *epoll) release() { e.descriptor.Done() }

func (e *epoll) close() { _ = e.descriptor.Close(func(int) {}) } // what sleeps is woken by its bell

func (e *epoll) control(op int, fd int32, events uint16, tag uint32) syscall.Errno {
	return sys.EpollControl(e.fd(), op, int(fd), toEpoll(events), sys.EpollData(fd, tag))
}

// add is EEXIST where the epoll holds the descriptor, and it is of the same file still.
func (e *epoll) add(fd int32, events uint16, tag uint32) syscall.Errno {
	return e.control(sys.EpollAdd, fd, events, tag)
}

func (e *epoll) modify(fd int32, events uint16, tag uint32) bool {
	return e.control(sys.EpollModify, fd, events, tag) == 0
}

func (e *epoll) remove(fd int32) bool { return e.control(sys.EpollRemove, fd, 0, 0) == 0 }

// insideEvents is room for what an epoll tells.
type insideEvents []unix.EpollEvent

// take is what is ready, at most room events. All comes from one call, which tells nothing twice.
func (i *insideEvents) take(e *epoll, room int) []unix.EpollEvent {
	if len(*i) < room {
		*i = make(insideEvents, room+room/4)
	}
	n, errno := sys.EpollWait(e.fd(), unsafe.Pointer(unsafe.SliceData(*i)), room, 0)
	if errno != 0 {
		return nil
	}
	return (*i)[:n]
}

// epollWrBand is EPOLLWRBAND. The numbers of the other events are those of poll(2) on every processor; this one differs on MIPS,
// where poll(2) has one number for POLLOUT and POLLWRNORM.
const epollWrBand = 0x200

func toEpoll(events uint16) uint32 {
	all := uint32(events &^ (sys.PollErr | sys.PollHup | sys.PollNval | sys.PollWrBand))
	if events&sys.PollWrBand != 0 {
		all |= epollWrBand
	}
	return all
}

func fromEpoll(events uint32) uint16 {
	all := uint16(events &^ epollWrBand)
	if events&epollWrBand != 0 {
		all |= sys.PollWrBand
	}
	return all
}
