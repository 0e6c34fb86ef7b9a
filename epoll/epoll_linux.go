package epoll

import (
	"math"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has epoll.
const Native = true

// maxEvents is the length of the longest list of events that the kernel accepts.
const maxEvents = math.MaxInt32 / int(unsafe.Sizeof(Event{}))

// state is a Poller's part of an epoll that it may share.
type state struct {
	handle fdref.Handle
	shared *shared // nil in the zero value
}

// shared is an epoll and its waker, an eventfd that is always readable. All Pollers of one number
// share it. The epoll holds the waker with no event requested, and Close requests In. That wakes
// all waiters, one after the other, and needs no memory and no watch.
//
// One waker for the whole process would need fewer descriptors. But the kernel allows a file in at
// most 500 epolls that are inside others, and the Go runtime's poller has some of them inside it.
type shared struct {
	fdref.Descriptor
	waker int32
	spare int32 // another waker, added by Close if the program has closed the first; or 0
	// ambiguous is set once the caller has registered wakerData as its own data.
	ambiguous atomic.Bool
}

// wakerData marks the events of wakers. A caller can register the same data only with RegisterData.
var wakerData = sys.EpollData(-1, 0x696f6d78)

// epolls holds the shared parts of all Pollers.
var epolls fdref.Registry[*shared]

func create() (*Poller, error) {
	fd, err := sys.EpollCreate()
	if err != nil {
		return nil, err
	}
	s, err := addWaker(fd)
	if err != nil {
		_ = unix.Close(fd) // the first error matters more
		return nil, err
	}
	epolls.Add(fd, s)
	return s.poller(), nil
}

func adopt(fd int) (*Poller, error) {
	s, err := epolls.Share(fd, func(known *shared) (*shared, error) {
		switch {
		case !sys.IsOpen(fd):
			return nil, os.ErrClosed
		case known != nil && known.isOf(fd):
			return known, nil
		}
		return addWaker(fd)
	})
	switch err {
	case nil:
		return s.poller(), nil
	case os.ErrClosed:
		return nil, sys.EpollError(fd, unix.EBADF)
	}
	return nil, err
}

func (s *shared) poller() *Poller {
	return &Poller{state{handle: fdref.Handle{Descriptor: &s.Descriptor}, shared: s}}
}

// isOf reports whether fd still belongs to the epoll. The program may have closed and reused it.
func (s *shared) isOf(fd int) bool {
	switch sys.EpollControl(fd, sys.EpollAdd, int(s.waker), 0, wakerData) {
	case unix.EEXIST:
		return true
	case 0:
		_ = sys.EpollControl(fd, sys.EpollRemove, int(s.waker), 0, 0)
	}
	return false
}

// addWaker adds a new waker to the epoll fd. It fails if fd is not an epoll.
func addWaker(fd int) (*shared, error) {
	waker, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	if errno := sys.EpollControl(fd, sys.EpollAdd, waker, 0, wakerData); errno != 0 {
		_ = unix.Close(waker)
		err := sys.EpollError(fd, errno)
		if errno == unix.EINVAL {
			err.Advice = "it is not an epoll"
		}
		return nil, err
	}
	return &shared{waker: int32(waker)}, nil
}

// Release removes the waker before it closes the epoll, because a duplicate may stay open.
func (s *shared) Release(fd int) error {
	// ENOENT means that the program has closed the waker and reused its number.
	if sys.EpollControl(fd, sys.EpollRemove, int(s.waker), 0, 0) != unix.ENOENT {
		_ = unix.Close(int(s.waker))
	}
	if s.spare != 0 {
		_ = sys.EpollControl(fd, sys.EpollRemove, int(s.spare), 0, 0)
		_ = unix.Close(int(s.spare))
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// wakeAll wakes all current and later waiters, even if the program has closed the waker.
func (s *shared) wakeAll(epfd int) {
	if sys.EpollControl(epfd, sys.EpollModify, int(s.waker), uint32(In), wakerData) == 0 {
		return
	}
	spare, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return // waiters then stay blocked
	}
	s.spare = int32(spare)
	_ = sys.EpollControl(epfd, sys.EpollAdd, spare, uint32(In), wakerData)
}

func number(p *Poller) int { return p.handle.FD() }

func control(p *Poller, op operation, fd int, events Events, data uint64) error {
	epfd, err := p.handle.Acquire()
	if err != nil {
		return closeErrors.Of(p.handle.Gone())
	}
	if data == wakerData {
		p.shared.ambiguous.Store(true)
	}
	_, errno := sys.ToInt32(fd)
	switch {
	case fd == int(p.shared.waker): // its number is not one that the program has opened
		errno = unix.EBADF
	case errno == 0:
		event := sys.NewEpollEvent(uint32(events), data)
		errno = sys.EpollCtl(epfd, int(op), fd, &event)
	}
	p.handle.Done()
	if errno != 0 {
		return sys.EpollError(fd, errno)
	}
	return nil
}

func wait(p *Poller, events []Event, d time.Duration) (int, error) {
	epfd, err := p.handle.Acquire()
	if err != nil {
		return 0, closeErrors.Of(p.handle.Gone())
	}
	n, found := 0, -1
	if d == 0 && len(events) > 0 {
		// A look is part of this function, because each return after a system call costs
		// about 8 ns on processors whose kernel clears the predictions of returns.
		found, _ = sys.EpollLook(epfd, unsafe.Pointer(unsafe.SliceData(events)), min(len(events), maxEvents))
		n = withoutWakers(p, events[:max(found, 0)])
	}
	if n == 0 && found != 0 { // the look failed, or found a waker
		n, err = pollUntil(p, epfd, events, d)
	}
	// Return events even if the poller was closed in the meantime: the kernel does not repeat
	// edge-triggered and one-shot events.
	if closed := p.handle.Done(); closed && n == 0 {
		return 0, closeErrors.Of(p.handle.Gone())
	}
	return n, err
}

func pollUntil(p *Poller, epfd int, events []Event, d time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, errNoRoom()
	}
	room := min(len(events), maxEvents)
	for countdown := timeout.Start(d); ; {
		n, errno := sys.EpollWait(epfd, unsafe.Pointer(unsafe.SliceData(events)), room, countdown.Left())
		switch {
		case countdown.Again(n, errno):
			continue
		case errno != 0:
			return 0, sys.NewError("epoll_wait", epfd, errno, "")
		case n == 0:
			return 0, nil
		}
		n = withoutWakers(p, events[:n])
		// If there are none, another Poller of the same epoll is being closed.
		if n > 0 || p.handle.Closed() || !countdown.LookAgain(wakerData) {
			return n, nil
		}
	}
}

// withoutWakers removes the events of wakers and returns the number of the others. If the caller
// has registered data equal to wakerData, withoutWakers removes such events only after Close.
func withoutWakers(p *Poller, events []Event) (kept int) {
	for i, event := range events {
		if event.FD == -1 && event.Data() == wakerData && (!p.shared.ambiguous.Load() || p.handle.Closed()) {
			continue
		}
		if kept != i {
			events[kept] = event
		}
		kept++
	}
	return kept
}

func end(p *Poller) error {
	return closeErrors.Of(p.handle.Close(func(epfd int) { p.shared.wakeAll(epfd) }))
}
