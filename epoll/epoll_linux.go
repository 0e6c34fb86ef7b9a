package epoll

import (
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/owned"
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

// Every epoll holds the process's alarm, an eventfd that is always readable, from its birth, but asleep, that is with no
// event asked for. Close asks for In, which wakes all waiters, one after the other, and cannot fail for want of memory or of
// watches, as adding it only then could.
var bell struct {
	sync.Mutex
	fd   int32
	made unix.Stat_t
}

// alarm is the alarm's descriptor. Programs that become daemons close all descriptors, whosever they are, and the number may
// be another file's since: then there is a new alarm.
func alarm() (int32, error) {
	bell.Lock()
	defer bell.Unlock()
	if bell.made.Ino != 0 && isBell(int(bell.fd)) {
		return bell.fd, nil
	}
	fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		bell.fd, err = int32(fd), unix.Fstat(fd, &bell.made)
	}
	return bell.fd, os.NewSyscallError("eventfd", err)
}

// isBell tells an eventfd from what the kernel keeps elsewhere by its inode, and from an epoll by its mode.
func isBell(fd int) bool {
	var now unix.Stat_t
	if unix.Fstat(fd, &now) != nil || now.Dev != bell.made.Dev || now.Ino != bell.made.Ino {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK != 0
}

// alarmFD marks the alarm's events: no registered descriptor is negative.
const alarmFD = -1

type poller struct {
	descriptor owned.Descriptor
}

func create(flags []Flag) (*Poller, error) {
	all := CloseOnExec
	for _, flag := range flags {
		all |= flag
	}
	// First, so that the epoll is not given the number of an alarm that was closed.
	if _, err := alarm(); err != nil {
		return nil, err
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
		return nil, controlError(add, fd, unix.EBADF)
	}
	return own(fd)
}

// own makes a Poller of the epoll fd. That the alarm can be added proves that it is one.
func own(fd int) (*Poller, error) {
	number, err := alarm()
	if err != nil {
		return nil, err
	}
	asleep := Event{FD: alarmFD}
	errno := sys.EpollCtl(fd, add, number, unsafe.Pointer(&asleep))
	if errno == unix.EINVAL {
		return nil, &sys.Error{Call: "epoll_ctl", FD: fd, Err: errno, Advice: "it is not an epoll"}
	}
	if errno != 0 && errno != unix.EEXIST { // EEXIST: another Poller of the same epoll
		return nil, controlError(add, fd, errno)
	}
	p := new(Poller)
	p.descriptor.Set(fd, release)
	return p, nil
}

// release takes the alarm out before it closes: the epoll may live on in a duplicate, which it must not disturb.
func release(fd int) error {
	if number, err := alarm(); err == nil {
		_ = sys.EpollCtl(fd, remove, number, nil) // a descriptor that somebody closed is told of by close
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// ring wakes all that wait in the epoll fd.
func ring(fd int) {
	if number, err := alarm(); err == nil {
		awake := Event{Events: In, FD: alarmFD}
		errno := sys.EpollCtl(fd, modify, number, unsafe.Pointer(&awake))
		if errno == unix.ENOENT { // another Poller of the same epoll has taken it out
			_ = sys.EpollCtl(fd, add, number, unsafe.Pointer(&awake))
		}
	}
}

func (p *poller) control(op, fd int, events Events, tag uint32) error {
	epfd, err := p.descriptor.Acquire()
	if err != nil {
		return errClosed
	}
	number, errno := sys.ToInt32(fd)
	if errno == 0 {
		event := Event{Events: events, FD: number, Tag: tag}
		errno = sys.EpollCtl(epfd, op, number, unsafe.Pointer(&event))
	}
	p.descriptor.Done()
	if errno != 0 {
		return controlError(op, fd, errno)
	}
	return nil
}

func (p *poller) wait(events []Event, d time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, errNoRoom
	}
	epfd, err := p.descriptor.Acquire()
	if err != nil {
		return 0, errClosed
	}
	room := min(len(events), maxEvents)
	for countdown := timeout.Start(d); ; {
		n, errno := sys.EpollWait(epfd, unsafe.Pointer(unsafe.SliceData(events)), room, countdown.Left())
		if countdown.Again(n, errno) {
			continue
		}
		if errno != 0 {
			p.descriptor.Done()
			return 0, &sys.Error{Call: "epoll_wait", FD: epfd, Err: errno}
		}
		taken := n
		n = withoutAlarm(events[:n])
		if n == 0 && taken > 0 && !p.descriptor.Closed() {
			continue // another Poller of the same epoll was closed
		}
		// Events that were taken from the kernel are handed out even if the poller was closed meanwhile: edge-triggered
		// and one-shot ones are not to be had again.
		if closed := p.descriptor.Done(); closed && n == 0 {
			return 0, errClosed
		}
		return n, nil
	}
}

// withoutAlarm closes the gap that the alarm leaves in events, and returns how many are left.
func withoutAlarm(events []Event) int {
	for i, event := range events {
		if event.FD == alarmFD {
			return i + copy(events[i:], events[i+1:])
		}
	}
	return len(events)
}

func (p *poller) close() error {
	err := p.descriptor.Close(ring)
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

// controlError tells what epoll_ctl means by errno, and what to do.
func controlError(op, fd int, errno syscall.Errno) error {
	err := &sys.Error{Call: "epoll_ctl", FD: fd, Err: errno}
	switch errno {
	case unix.EBADF:
		err.Advice = "it is not open"
	case unix.EEXIST:
		err.Advice = "registered already: use Modify"
	case unix.ENOENT:
		err.Advice = "not registered, or closed and opened again since: use Register"
	case unix.EPERM:
		err.Advice = "epoll takes no regular files and directories: they are always ready"
	case unix.EINVAL:
		err.Advice = "the poller itself, or Exclusive where it is not allowed"
	case unix.ELOOP:
		err.Advice = "a circle of epolls, or too many inside each other"
	case unix.ENOSPC:
		err.Advice = "raise fs.epoll.max_user_watches"
	}
	return err
}
