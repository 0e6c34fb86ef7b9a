// Package devpoll is /dev/poll: an object that holds descriptors and tells which of them are ready, level-triggered, with the
// events of poll(2), in a time that grows with the number of ready descriptors.
//
// It is native on Solaris and illumos. On the other Unixes it is emulated, with the same results: on Linux over epoll and
// poll(2), elsewhere over poll(2) alone, where the time grows with the number of all descriptors. On Windows it is emulated for
// sockets: any other handle is refused by Register with an error that is errors.ErrUnsupported, and what is closed while a
// duplicate is open is not noticed.
//
// A Poller blocks the thread that waits. Who wants one program for all systems should use the portable Poller of package iomux,
// which by epoll parks goroutines instead, and tells descriptors apart whose numbers are reused.
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
// # What is the same on every system
//
// A registration belongs to the number. Of a descriptor that was closed Nval is reported, until it is unregistered, and a file
// that gets its number is waited on in its place: unregister before closing. Regular files are always ready.
//
// Python's documentation leaves undefined what comes of registering a descriptor twice. Here the second Register replaces the
// events of the first, as it does in a poll object: so a program can go from one to the other, and does not have to know
// what it has registered before. The driver itself would add the new events to the old ones, without a way to see that.
//
// The number of descriptors that the process may have is looked up when it matters. Neither a raised nor a lowered limit loses
// events.
//
// # What differs per system
//
// The numbers of the constants are the system's own. Msg and RdHup exist on few systems; where the kernel has no such event
// the constant is a bit that no event has, and asking for it is errors.ErrUnsupported.
//
// The driver of /dev/poll does not look at a descriptor that is closed, or whose number is reused, before something else
// happens to it, and no more does an epoll. So natively, and on Linux of those above the first 64, both are noticed after 5 µs for
// each registered descriptor at the latest, by a Poll that goes on for so long; else by the next Poll.
//
// The driver never tells more events at once than the process may have descriptors: the next Poll tells the rest. It has
// timeouts in milliseconds; the wait with a signal mask that illumos has besides is no finer.
//
// The emulation takes a descriptor for each goroutine that waits at the same time, two where there is no eventfd(2), and on Linux
// one for an epoll. Natively there are three.
//
// This is how each behaviour was checked: run on Linux, modelled (run on Linux over a model of the driver, which was written from
// illumos' source), or compiled only.
//
//	                                        Linux  Solaris, illumos  macOS, BSDs, AIX
//	register, modify, unregister, Poll      run    modelled          compiled only
//	answers are those of poll(2)            run    modelled          compiled only
//	registering twice replaces              run    modelled          compiled only
//	closed is Nval, reused is waited on     run    modelled          compiled only
//	limits raised and lowered               run    modelled          compiled only
//	timeouts, signals                       run    modelled          compiled only
//	changes and Close during a Poll         run    modelled          compiled only
//	changes are written together            -      modelled          -
//	another process' /dev/poll is EACCES    -      modelled          -
//	the calls to the driver themselves      -      compiled only     -
//
// The emulation that macOS, the BSDs and AIX have is also run on Linux.
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

// Events is a set of events, the fields events and revents of struct pollfd. It prints as In|Hup|0x400.
type Events uint16

// The events, with the system's own numbers, as in package poll. Each comment begins with the name in C, which is Python's name
// too.
const (
	In     Events = sys.PollIn     // POLLIN: there is data to read
	Pri    Events = sys.PollPri    // POLLPRI: there is urgent data to read
	Out    Events = sys.PollOut    // POLLOUT: ready for output, writing will not block
	Err    Events = sys.PollErr    // POLLERR: an error condition, or the reading end of a pipe was closed; only reported
	Hup    Events = sys.PollHup    // POLLHUP: hung up; only reported
	Nval   Events = sys.PollNval   // POLLNVAL: the descriptor is not open; only reported
	RdNorm Events = sys.PollRdNorm // POLLRDNORM: ordinary data may be read
	RdBand Events = sys.PollRdBand // POLLRDBAND: priority data may be read
	WrNorm Events = sys.PollWrNorm // POLLWRNORM: as Out, and the same number on most systems
	WrBand Events = sys.PollWrBand // POLLWRBAND: priority data may be written
	Msg    Events = sys.PollMsg    // POLLMSG: a message of a STREAMS device; only Linux and AIX have it
	RdHup  Events = sys.PollRdHup  // POLLRDHUP: the peer shut down its writing side, or all of it; only Linux, FreeBSD and illumos have it

	// DefaultEvents is what Python's register asks for when it is given no mask.
	DefaultEvents = In | Pri | Out
)

const (
	absent Events = sys.PollAbsent // a bit that no event of this system has, 0 where it has them all
	all           = In | Pri | Out | Err | Hup | Nval | RdNorm | RdBand | WrNorm | WrBand | Msg | RdHup
)

// String is the set's names joined by |, bits without a name in hexadecimal, and 0 for the empty set.
func (e Events) String() string { return bitnames.Format(uint64(e), sys.PollEventNames) }

// Event is a ready descriptor.
type Event struct {
	FD     int
	Events Events
}

// Option is an argument of New.
type Option int

// Emulated makes New use the emulation, also where the kernel has /dev/poll.
const Emulated Option = 1

// Poller is a /dev/poll object, a devpoll object of Python's module select. Its methods may be called from several goroutines at
// once; the zero value is a closed one.
type Poller struct{ set set }

// set is what the driver or the emulation makes of a Poller.
type set interface {
	FD() int
	Len() int
	Register(fd int32, events uint16) error
	Unregister(fd int32) error
	Poll(events []Event, timeout time.Duration) (int, error)
	Close() error
}

// New wraps open(2) of /dev/poll. All descriptors are close-on-exec.
//
// Errors: EMFILE, ENFILE and ENOMEM where the system has no room for one more; ENOENT, ENXIO and EACCES where /dev/poll is not
// there or not to be had, in a zone or a jail say; EINVAL for an option that there is not; errors.ErrUnsupported on a system
// that has none of /dev/poll, poll(2) and sockets of Windows.
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

// FD is the descriptor of /dev/poll, of the emulation one that it holds all the time. Nothing can be done with it but to tell one
// Poller from another: that it is ready means nothing. After Close it is -1.
func (p *Poller) FD() int {
	if p.set == nil {
		return -1
	}
	return p.set.FD()
}

// Len is the number of registered descriptors, 0 after Close.
func (p *Poller) Len() int {
	if p.set == nil {
		return 0
	}
	return p.set.Len()
}

// Register wraps write(2) to /dev/poll: from now on Poll reports fd when one of events has come. Err, Hup and Nval are reported
// in any case. If fd is registered already, events replaces what was asked for before, as with Modify. A goroutine that waits
// already sees the change. Whether fd is open shows at the next Poll, which reports Nval for a closed one.
//
// Natively the change is kept until the next Poll, and written together with the others before that; at once while a goroutine
// waits.
//
// Errors: EBADF where fd is no number of a descriptor, or one that was closed and is the Poller's own now; EINVAL for a bit that
// has no name here, since to the driver it may mean to remove the descriptor; errors.ErrUnsupported for an event that the
// system does not have; os.ErrClosed. Natively, while a goroutine waits, also ENOMEM, and EACCES where the Poller belongs to
// another process. All name fd.
func (p *Poller) Register(fd int, events Events) error {
	number, err := p.check(fd)
	if err != nil {
		return err
	}
	if events&^all != 0 || events&absent != 0 {
		return refusal(fd, events)
	}
	return closedOr(p.set.Register(number, uint16(events)))
}

// Modify is Unregister and Register in one: it replaces the events of fd. It is cheaper than the two, and no goroutine sees the
// descriptor missing between them. One that is not registered is registered.
//
// Errors: those of Register.
func (p *Poller) Modify(fd int, events Events) error { return p.Register(fd, events) }

// Unregister wraps write(2) of POLLREMOVE: fd is not reported any more, whether it is still open or not. When it has returned, no
// event of fd is taken from the kernel. That fd is not registered is no error.
//
// Errors: EBADF where fd is no number of a descriptor, os.ErrClosed. Natively, while a goroutine waits, also ENOMEM, and EACCES
// where the Poller belongs to another process.
func (p *Poller) Unregister(fd int) error {
	number, err := p.check(fd)
	if err != nil {
		return err
	}
	return closedOr(p.set.Unregister(number))
}

// Poll wraps ioctl(2) with DP_POLL: it waits until a registered descriptor is ready or the timeout has passed, and fills events
// from the start. It returns the number of events, 0 after a timeout. What finds no room in events is reported by the next Poll:
// the descriptors take turns.
//
// A negative timeout blocks, zero does not wait, any other is never shortened: the driver has it rounded up to milliseconds, the
// emulation as poll(2) of the system has it, in nanoseconds on Linux. Interruptions by signals (EINTR) are waited through.
// Once warm, a Poll does not allocate.
//
// Errors: EINVAL for an empty events; os.ErrClosed also when Close is called meanwhile; EMFILE of the emulation, when more
// goroutines wait than before and there is no descriptor left; ENOMEM. Natively also the errors of changes that were kept, and
// EACCES where the Poller belongs to another process: the one that used it first, not its children.
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	switch {
	case p.set == nil:
		return 0, errClosed
	case len(events) == 0:
		return 0, errNoRoom
	}
	n, err = p.set.Poll(events, timeout)
	return n, closedOr(err)
}

// Close closes the descriptors of the Poller. Goroutines that wait in Poll return os.ErrClosed, and only when the last of them has
// left are the numbers given back to the system.
//
// Errors: os.ErrClosed where it was closed before; EBADF where somebody else closed the descriptor.
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
		return -1, &sys.Error{Call: "write", FD: fd, Err: syscall.EBADF, Advice: "no number of a descriptor"}
	}
	return number, nil
}

func refusal(fd int, events Events) error {
	if events&absent != 0 {
		return fmt.Errorf("devpoll: descriptor %d: event %s: %w on this system", fd, sys.PollAbsentNames, errors.ErrUnsupported)
	}
	return &sys.Error{Call: "write", FD: fd, Err: syscall.EINVAL, Advice: fmt.Sprintf("%v has no meaning", events&^all)}
}

func closedOr(err error) error {
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

var (
	errClosed = fmt.Errorf("devpoll: the poller is closed: %w", os.ErrClosed)
	errNoRoom = fmt.Errorf("%w: no room for events", os.NewSyscallError("ioctl", syscall.EINVAL))
)
