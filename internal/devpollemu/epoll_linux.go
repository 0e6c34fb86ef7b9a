package devpollemu

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// epoll holds most descriptors of a set. Its events consist of a descriptor and a tag.
type epoll struct{ descriptor fdref.Descriptor }

// newEpoll returns nil if the process has no descriptors left.
func newEpoll() *epoll {
	fd, err := sys.EpollCreate()
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

func (e *epoll) close() { _ = e.descriptor.Close(func(int) {}) } // wakers interrupt the waits

func (e *epoll) control(op int, fd int32, events uint16, tag uint32) syscall.Errno {
	return sys.EpollControl(e.fd(), op, int(fd), toEpoll(events), sys.EpollData(fd, tag))
}

// add returns EEXIST if the epoll holds the descriptor and its file is still the same.
func (e *epoll) add(fd int32, events uint16, tag uint32) syscall.Errno {
	return e.control(sys.EpollAdd, fd, events, tag)
}

func (e *epoll) modify(fd int32, events uint16, tag uint32) bool {
	return e.control(sys.EpollModify, fd, events, tag) == 0
}

func (e *epoll) remove(fd int32) bool { return e.control(sys.EpollRemove, fd, 0, 0) == 0 }

// epollEvents has room for the events of an epoll.
type epollEvents []unix.EpollEvent

// take returns up to room events. They come from one call, which reports no descriptor twice.
func (i *epollEvents) take(e *epoll, room int) []unix.EpollEvent {
	if len(*i) < room {
		*i = make(epollEvents, room+room/4)
	}
	n, errno := sys.EpollWait(e.fd(), unsafe.Pointer(unsafe.SliceData(*i)), room, 0)
	if errno != 0 {
		return nil
	}
	return (*i)[:n]
}

// epollWrBand is EPOLLWRBAND. The other events have the numbers of poll(2) on every architecture.
// This one differs on MIPS, where POLLOUT and POLLWRNORM of poll(2) are the same.
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
