// Package devpoll waits on descriptors with /dev/poll. A [Poller] holds descriptors and reports the
// ready ones, level-triggered, with the events of poll(2). The time of a Poll grows with the number
// of ready descriptors. The package is for programs written for Solaris, and for programs that need
// the events of poll(2) with a stored list on every system.
//
// Use the Poller of package iomux to write one program for all systems. It parks goroutines, while
// a Poll of this package blocks a thread. It also distinguishes descriptors that reuse a number. To
// wait for a single net.Conn, use a goroutine.
//
//	poller, err := devpoll.New()
//	if err != nil {
//		return err
//	}
//	defer poller.Close()
//	if err := poller.Register(fd, devpoll.In); err != nil {
//		return err
//	}
//	events := make([]devpoll.Event, 64)
//	for {
//		n, err := poller.Poll(events, -1)
//		if err != nil {
//			return err
//		}
//		for _, event := range events[:n] {
//			handle(event.FD, event.Events)
//		}
//	}
//
// # Errors
//
// An error of a system call is an *os.SyscallError and matches its syscall.Errno with errors.Is. An
// event or a handle that the system cannot wait on is errors.ErrUnsupported. Use of a closed Poller
// is os.ErrClosed. A closed descriptor is not an error: Poll reports it as Nval.
//
// # Native and emulated
//
// Solaris and illumos have /dev/poll. On other systems the package emulates it, with the same
// results. The time of a Poll then depends on the system.
//
//	                  waits with         time grows with    descriptors of its own
//	Solaris, illumos  /dev/poll          ready descriptors  3
//	Linux             epoll and poll(2)  ready descriptors  1, and 1 for each concurrent Poll
//	macOS, BSDs, AIX  poll(2)            all descriptors    2 for each concurrent Poll
//	Windows, sockets  AFD                ready sockets      1 handle
//
// On Windows, [Poller.Register] refuses a handle that is not a socket with errors.ErrUnsupported. A
// socket that is closed while a duplicate of it is open is not reported as closed.
//
// # Registrations
//
// A registration belongs to the number. If a descriptor is closed, Poll reports Nval until it is
// unregistered or a new file gets the number. Poll then waits on that file. Unregister a descriptor
// before you close it. Regular files are always ready.
//
// A second Register of a descriptor replaces its events, as in package poll. The driver itself
// would add them.
//
// If the limit of open descriptors is raised or lowered, no event is lost.
//
// # What differs per system
//
// The constants have the system's own numbers. Msg and RdHup exist on few systems. On the others,
// the constant is a bit that no event has, and requesting it is errors.ErrUnsupported.
//
// A kernel does not notify /dev/poll or epoll of a closed descriptor or a reused number. With
// /dev/poll, and on Linux for descriptors after the first 64, the package therefore checks the
// descriptors from time to time. A Poll in progress reports such a descriptor within 5 µs per
// registered descriptor, or the next Poll does.
//
// The driver reports at most as many events at once as the process may have descriptors. The next
// Poll reports the rest. The timeouts of the driver are in milliseconds.
//
// The README lists the systems on which the package was tested.
package devpoll

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux/internal/bitnames"
	"iomux/internal/sys"
)

// Events is a set of events: the fields events and revents of struct pollfd. Its String method
// formats it as In|Hup|0x400.
type Events uint16

// The events have the system's own numbers. Each comment begins with the name in C, which is also
// the name in Python.
const (
	In     Events = sys.PollIn     // POLLIN: there is data to read
	Pri    Events = sys.PollPri    // POLLPRI: there is urgent data to read
	Out    Events = sys.PollOut    // POLLOUT: writing does not block
	Err    Events = sys.PollErr    // POLLERR: an error, or no reader of a pipe; only reported
	Hup    Events = sys.PollHup    // POLLHUP: hung up; only reported
	Nval   Events = sys.PollNval   // POLLNVAL: the descriptor is not open; only reported
	RdNorm Events = sys.PollRdNorm // POLLRDNORM: ordinary data can be read
	RdBand Events = sys.PollRdBand // POLLRDBAND: priority data can be read
	WrNorm Events = sys.PollWrNorm // POLLWRNORM: as Out, and the same number on most systems
	WrBand Events = sys.PollWrBand // POLLWRBAND: priority data can be written
	Msg    Events = sys.PollMsg    // POLLMSG: a STREAMS message; only on Linux and AIX
	// RdHup is POLLRDHUP: the peer shut down its writing side, or both. Only Linux, illumos,
	// Windows and FreeBSD since 13.1 have it.
	RdHup Events = sys.PollRdHup

	// DefaultEvents holds the events that Python's register requests by default.
	DefaultEvents = In | Pri | Out
)

const all = In | Pri | Out | Err | Hup | Nval | RdNorm | RdBand | WrNorm | WrBand | Msg | RdHup

// String returns the names of the events, joined by "|". A bit without a name is in hexadecimal,
// and the empty set is 0.
func (e Events) String() string { return bitnames.Format(uint64(e), sys.PollEventNames) }

// Event is a ready descriptor.
type Event struct {
	FD     int
	Events Events
}

// Option is an argument of New.
type Option int

// Emulated makes New use the emulation, even if the kernel has /dev/poll.
const Emulated Option = 1

// Poller is a /dev/poll object: the devpoll object of Python's module select. It is safe for
// concurrent use. The zero value is a closed Poller.
type Poller struct{ set set }

// set is the driver or the emulation of a Poller.
type set interface {
	FD() int
	Len() int
	Register(fd int32, events uint16) error
	Unregister(fd int32) error
	Poll(events []Event, timeout time.Duration) (int, error)
	Close() error
}

// New wraps open(2) of /dev/poll, or returns an emulation. Its descriptors are close-on-exec. Only
// Close releases them: the garbage collector does not.
//
// New returns these errors:
//
//   - EMFILE, ENFILE or ENOMEM if the process or the system has no room for another descriptor
//   - ENOENT, ENXIO or EACCES if /dev/poll is missing or not accessible, for example in a zone
//   - EINVAL for an unknown option
//   - errors.ErrUnsupported on js and wasip1
func New(options ...Option) (*Poller, error) {
	emulated := !Native
	for _, option := range options {
		if option != Emulated {
			return nil, fmt.Errorf("devpoll: option %d: %w", option, os.NewSyscallError("open", syscall.EINVAL))
		}
		emulated = true
	}
	return create(emulated)
}

// FD returns the descriptor of /dev/poll, or one of the emulation's descriptors, or -1 after Close.
// Use it only to distinguish Pollers: its readiness has no meaning.
func (p *Poller) FD() int {
	if p.set == nil {
		return -1
	}
	return p.set.FD()
}

// Len returns the number of registered descriptors, which is 0 after Close.
func (p *Poller) Len() int {
	if p.set == nil {
		return 0
	}
	return p.set.Len()
}

// Register wraps write(2) to /dev/poll. It adds fd, which Poll reports if any of events is ready.
// Err, Hup and Nval are always reported. If fd is registered, Register replaces its events. A Poll
// in progress sees the change. Register does not check whether fd is open. The next Poll reports a
// closed one as Nval.
//
// With /dev/poll, changes are written together before the next Poll. During a Poll, a change is
// written at once.
//
// Register returns these errors, which name fd:
//
//   - EBADF if fd is negative or too large for a descriptor, or belongs to the Poller itself
//   - EINVAL for a bit without a name, because /dev/poll may take it as a request to remove fd
//   - errors.ErrUnsupported for an event that the system does not have
//   - os.ErrClosed after Close
//   - with /dev/poll, ENOMEM, and EACCES if another process used the Poller first
func (p *Poller) Register(fd int, events Events) error {
	number, err := p.check(fd)
	if err != nil {
		return err
	}
	if lacks := sys.PollLacks(uint16(events)); lacks != "" {
		return fmt.Errorf("devpoll: descriptor %d: event %s: %w on this system", fd, lacks, errors.ErrUnsupported)
	}
	if unknown := events &^ all; unknown != 0 {
		return sys.NewError("write", fd, syscall.EINVAL, fmt.Sprintf("event %v is unknown", unknown))
	}
	return closedOr(p.set.Register(number, uint16(events)))
}

// Modify replaces the events of fd, or registers it. It returns the errors of Register.
func (p *Poller) Modify(fd int, events Events) error { return p.Register(fd, events) }

// Unregister wraps write(2) of POLLREMOVE to /dev/poll. It removes fd, which may be closed and need
// not be registered. A Poll that begins after Unregister returned does not report fd.
//
// Unregister returns EBADF if fd is negative or too large for a descriptor, and os.ErrClosed after
// Close. With /dev/poll it also returns ENOMEM, and EACCES if another process used the Poller
// first.
func (p *Poller) Unregister(fd int) error {
	number, err := p.check(fd)
	if err != nil {
		return err
	}
	return closedOr(p.set.Unregister(number))
}

// Poll wraps ioctl(2) with DP_POLL. It waits until a registered descriptor is ready or the timeout
// expires. It stores the ready events in events and returns their number, which is 0 after a
// timeout. If events has too little room, the descriptors take turns.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. /dev/poll rounds it
// up to milliseconds. The emulation has the precision of the system's poll(2). If a signal
// interrupts the call (EINTR), it waits again for the remaining time. Poll does not allocate,
// except to grow its lists.
//
// Poll returns these errors:
//
//   - EINVAL if events is empty
//   - os.ErrClosed after Close, or if Close is called during the Poll
//   - ENOMEM
//   - with /dev/poll, the errors of changes that Register delayed, and EACCES if another process
//     used the Poller first
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	switch {
	case p.set == nil, len(events) == 0 && p.FD() < 0:
		return 0, errClosed
	case len(events) == 0:
		return 0, errNoRoom()
	}
	n, err = p.set.Poll(events, timeout)
	return n, closedOr(err)
}

// Close closes the Poller and makes each Poll in progress return os.ErrClosed. The last of them to
// return closes the descriptors, so that their numbers are not reused earlier.
//
// Close returns os.ErrClosed if the Poller is already closed, and EBADF if the program has closed
// its descriptor.
func (p *Poller) Close() error {
	if p.set == nil {
		return errClosed
	}
	return closedOr(p.set.Close())
}

func (p *Poller) check(fd int) (int32, error) {
	if p.set == nil {
		return -1, errClosed
	}
	number := int32(fd)
	if fd < 0 || int(number) != fd {
		if p.FD() < 0 {
			return -1, errClosed
		}
		return -1, sys.NewError("write", fd, syscall.EBADF, "not a descriptor number")
	}
	return number, nil
}

func closedOr(err error) error {
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

var errClosed = &sys.CauseError{Text: "devpoll: the poller is closed", Cause: os.ErrClosed}

func errNoRoom() error {
	return fmt.Errorf("%w: no room for events", os.NewSyscallError("ioctl", syscall.EINVAL))
}
