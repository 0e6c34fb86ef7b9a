package epoll

import (
	"fmt"
	"math"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native tells whether the kernel of this system has epoll.
const Native = true

const (
	add    = unix.EPOLL_CTL_ADD
	modify = unix.EPOLL_CTL_MOD
	remove = unix.EPOLL_CTL_DEL
)

// maxEvents is the largest number of events that the kernel takes room for.
const maxEvents = math.MaxInt32 / int(unsafe.Sizeof(Event{}))

var errNoRoom = fmt.Errorf("%w: no room for events", os.NewSyscallError("epoll_wait", unix.EINVAL))

// Every epoll holds an alarm from its birth, an eventfd that is always readable, but asleep, that is with no event asked for.
// Close asks for In, which wakes all waiters, one after the other, and cannot fail for want of memory or of watches, as adding
// the alarm only then could. One alarm for the whole process would do with fewer descriptors, but the kernel lets a file be in
// no more than 500 epolls that are inside others, and the Go runtime's poller has some of them inside it.
type poller struct {
	descriptor fdref.Descriptor
	alarm      int32
}

// alarmFD and alarmTag mark the alarm's events: no registered descriptor is negative, and who fills an epoll by other means
// than this package hardly has this tag.
const (
	alarmFD  = -1
	alarmTag = 0x696f6d78
)

func create(flags []Flag) (*Poller, error) {
	all := CloseOnExec
	for _, flag := range flags {
		all |= flag
	}
	fd, err := unix.EpollCreate1(int(all))
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	p, err := own(fd)
	if err != nil {
		_ = unix.Close(fd) // the first error tells more
		return nil, err
	}
	return p, nil
}

func adopt(fd int) (*Poller, error) {
	if !sys.IsOpen(fd) {
		return nil, sys.EpollError(fd, unix.EBADF)
	}
	return own(fd)
}

// own makes a Poller of the epoll fd. That the alarm can be added proves that it is one.
func own(fd int) (*Poller, error) {
	alarm, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	asleep := Event{FD: alarmFD, Tag: alarmTag}
	if errno := sys.EpollCtl(fd, add, int32(alarm), unsafe.Pointer(&asleep)); errno != 0 {
		_ = unix.Close(alarm)
		err := sys.EpollError(fd, errno)
		if errno == unix.EINVAL {
			err.Advice = "it is not an epoll"
		}
		return nil, err
	}
	p := new(Poller)
	p.alarm = int32(alarm)
	p.descriptor.Set(fd, p.release)
	return p, nil
}

// release takes the alarm out before it closes: the epoll may live on in a duplicate, which it must not disturb. What else
// can go wrong is that somebody closed the descriptor, of which close tells.
func (p *poller) release(fd int) error {
	if sys.EpollCtl(fd, remove, p.alarm, nil) != unix.ENOENT { // else somebody closed the alarm, and its number is a stranger's
		_ = unix.Close(int(p.alarm))
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// ring wakes all that wait in the epoll fd.
func (p *poller) ring(fd int) {
	awake := Event{Events: In, FD: alarmFD, Tag: alarmTag}
	_ = sys.EpollCtl(fd, modify, p.alarm, unsafe.Pointer(&awake))
}

func (p *poller) control(op, fd int, events Events, tag uint32) error {
	epfd, err := p.descriptor.Acquire()
	if err != nil {
		return errClosed
	}
	number, errno := sys.ToInt32(fd)
	switch {
	case errno != 0:
	case number == p.alarm:
		errno = unix.EBADF // a number that was closed, and is ours now
	default:
		event := Event{Events: events, FD: number, Tag: tag}
		errno = sys.EpollCtl(epfd, op, number, unsafe.Pointer(&event))
	}
	p.descriptor.Done()
	if errno != 0 {
		return sys.EpollError(fd, errno)
	}
	return nil
}

func (p *poller) wait(events []Event, d time.Duration) (int, error) {
	epfd, err := p.descriptor.Acquire()
	if err != nil {
		return 0, errClosed
	}
	n, err := pollUntil(epfd, events, d, &p.descriptor)
	// Events that were taken from the kernel are handed out even if the poller was closed meanwhile: edge-triggered and
	// one-shot ones are not to be had again.
	if closed := p.descriptor.Done(); closed && n == 0 {
		return 0, errClosed
	}
	return n, err
}

func pollUntil(epfd int, events []Event, d time.Duration, descriptor *fdref.Descriptor) (int, error) {
	if len(events) == 0 {
		return 0, errNoRoom
	}
	room := min(len(events), maxEvents)
	for countdown := timeout.Start(d); ; {
		n, errno := sys.EpollWait(epfd, unsafe.Pointer(unsafe.SliceData(events)), room, countdown.Left())
		switch {
		case countdown.Again(n, errno):
			continue
		case errno != 0:
			return 0, &sys.Error{Call: "epoll_wait", FD: epfd, Err: errno}
		case n == 0:
			return 0, nil
		}
		n = withoutAlarms(events[:n])
		if n > 0 || descriptor.Closed() || d >= 0 && countdown.Left() == 0 {
			return n, nil
		}
		// Another Poller of the same epoll is being closed.
	}
}

// withoutAlarms moves the events together that are no alarm's, and returns how many there are.
func withoutAlarms(events []Event) (kept int) {
	for i, event := range events {
		if event.FD == alarmFD && event.Tag == alarmTag {
			continue
		}
		if kept != i {
			events[kept] = event
		}
		kept++
	}
	return kept
}

func (p *poller) close() error {
	err := p.descriptor.Close(p.ring)
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}
