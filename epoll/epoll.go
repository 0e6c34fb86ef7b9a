// Package epoll waits on many descriptors with epoll(7): level-triggered, edge-triggered or
// one-shot. It is for event loops with many mostly idle descriptors: the time of a wait grows with
// the number of ready descriptors only. It is native on Linux, and emulated on every other Unix and
// on Windows.
//
// A wait blocks a thread, as the system call does. To wait for a single net.Conn, use a goroutine
// instead. To park goroutines, or to wait for timers, signals and processes as well, use the Poller
// of package iomux.
//
//	poller, err := epoll.New()
//	if err != nil {
//		return err
//	}
//	defer poller.Close()
//	if err := poller.Register(fd, epoll.In|epoll.RdHup); err != nil {
//		return err
//	}
//	events := make([]epoll.Event, 64)
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
// The file docs/porting/xsys.md shows code before and after a move from golang.org/x/sys/unix to
// this package.
//
// # Registrations
//
// On Linux a registration belongs to the open file, not to the number. If a descriptor is closed
// while a duplicate is open, in this process or in a child, events with the closed number continue.
// Neither number can then unregister it. Unregister a descriptor before you close it.
//
// [Poller.Register] returns EPERM for regular files and directories, which are always ready.
//
// An edge-triggered or one-shot event is delivered to one of several waiting goroutines. A
// level-triggered event may be delivered to each of them.
//
// # Errors
//
// An error of a system call matches its syscall.Errno with errors.Is. Use of a closed Poller is
// os.ErrClosed. If a system does not support a call, a mode or an event, the error is
// errors.ErrUnsupported, and nothing is changed. On js and wasip1, [New] returns this error.
// The types and constants exist on every system, with Linux's values.
//
// # What differs per system
//
// On Linux everything is supported. The other systems have an emulation, in which the time of a
// wait grows with the number of ready or of all descriptors:
//
//	             macOS, BSDs   Solaris, illumos  AIX        Windows
//	built on     kqueue        event ports       poll(2)    AFD
//	descriptors  all           all               all        sockets
//	wait time    by ready      by ready          by all     by ready
//	ET           yes           refused           refused    refused
//	OneShot      yes           yes               yes        yes
//	Exclusive    wakes all     refused           refused    refused
//	Pri          see below     yes               yes        yes
//	RdHup        yes           see below         see below  yes
//	FromFD       own process   refused           refused    refused
//	nesting      yes           yes               no         no
//
// The README lists the systems on which each emulation was tested.
//
// # What differs on macOS and the BSDs
//
//   - A registration belongs to the number and ends when the number is closed. Linux keeps it while
//     a duplicate is open.
//   - A kqueue of FreeBSD and NetBSD has no wake-up for urgent data. There Pri is reported only
//     together with another event, and Pri alone is refused.
//   - A socket that was never connected is not ready. On Linux it is Out|Hup.
//   - Both ends of a pipe of FreeBSD and DragonFly read and write, so the reading end is Out, too.
//     If the other end is closed, an end that is registered for Out without In is Out|Err, and any
//     other is Hup.
//   - A second Register of an edge-triggered descriptor fails, but may report once more what is
//     ready. So may data that arrives after the end of a connection, and reading from a pipe whose
//     other end is closed.
//   - A Unix stream socket is not Hup if its peer shuts down both directions and stays open. On
//     Linux it is, because its own writing has ended, too.
//   - A Unix datagram socket whose peer is closed is In, and on NetBSD also Err.
//   - A TCP socket that was shut down in both directions is not Err if data arrives afterwards.
//   - If a Poll has room for a single event, an edge-triggered descriptor that is ready in both
//     directions may be reported twice.
//   - Linux reports again that an edge-triggered descriptor is writable if data has arrived or was
//     read before the wait. The emulation does not.
//   - Exclusive is accepted and wakes all epolls. Linux wakes one or more.
//   - A device that has readiness for poll(2) but no kqueue filter is refused with EPERM.
//   - A child process does not inherit the epoll.
//
// # What differs on Solaris, illumos and AIX
//
// Hup and Err have the meaning that this kernel's poll(2) gives them. Solaris and AIX have no
// POLLRDHUP. There RdHup needs In, and is reported after all data before the end was read. On
// Solaris and illumos, FD is readable while an event is pending.
//
// If a one-shot descriptor is closed after its event and the number is reused, Register may return
// EEXIST on systems whose sockets have no inode number. Unregister a descriptor before you close
// it.
//
// # What differs on Windows
//
// A descriptor is the handle of a socket, which may belong to package net. The error for any other
// handle is errors.ErrUnsupported. The events are In, Pri, Out, Err, Hup and RdHup, and the
// synonyms RdNorm, RdBand, WrNorm and WrBand.
//
// A reset connection is In|RdHup|Hup without Err, and a refused one is In|Out|Err|RdHup without
// Hup. A connection that both sides have shut down is In|RdHup without Hup. Timeouts are rounded up
// to milliseconds, and Windows counts in ticks of up to 16 ms.
//
// The registration of a closed socket ends a moment after the close. Until then, events of another
// socket with the same number may be taken for its events. Unregister a socket before you close it.
// FD is the handle of a completion port, which cannot be waited on.
package epoll

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux/internal/bitnames"
	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// Events is a set of events and modes, the events field of struct epoll_event.
type Events uint32

// The events and modes. Each comment begins with the names in C and in Python. Err and Hup are
// always reported, requested or not. Exclusive, WakeUp, OneShot and ET are modes, which are never
// reported. Exclusive (Linux 4.5) is for Register only. It wakes one or more of the epolls that
// hold the descriptor, instead of all. WakeUp (Linux 3.5) is ignored without CAP_BLOCK_SUSPEND.
const (
	In        Events = 0x1        // EPOLLIN, select.EPOLLIN: available for reading
	Pri       Events = 0x2        // EPOLLPRI, select.EPOLLPRI: urgent data for reading
	Out       Events = 0x4        // EPOLLOUT, select.EPOLLOUT: available for writing
	Err       Events = 0x8        // EPOLLERR, select.EPOLLERR: an error, or no reader of a pipe
	Hup       Events = 0x10       // EPOLLHUP, select.EPOLLHUP: both directions are shut down
	RdNorm    Events = 0x40       // EPOLLRDNORM, select.EPOLLRDNORM: the same as In
	RdBand    Events = 0x80       // EPOLLRDBAND, select.EPOLLRDBAND: never reported by Linux
	WrNorm    Events = 0x100      // EPOLLWRNORM, select.EPOLLWRNORM: the same as Out
	WrBand    Events = 0x200      // EPOLLWRBAND, select.EPOLLWRBAND: priority data can be sent
	Msg       Events = 0x400      // EPOLLMSG, select.EPOLLMSG: never reported by Linux
	RdHup     Events = 0x2000     // EPOLLRDHUP, select.EPOLLRDHUP: the peer shut down writing
	Exclusive Events = 0x10000000 // EPOLLEXCLUSIVE, select.EPOLLEXCLUSIVE: wake one epoll
	WakeUp    Events = 0x20000000 // EPOLLWAKEUP, no Python name: no suspend until the next Poll
	OneShot   Events = 0x40000000 // EPOLLONESHOT, select.EPOLLONESHOT: report once until Modify
	ET        Events = 0x80000000 // EPOLLET, select.EPOLLET: edge-triggered

	// DefaultEvents holds the events that Python's register requests by default.
	DefaultEvents = In | Pri | Out
)

var eventNames = []bitnames.Name{
	{Value: uint64(In), Text: "In"},
	{Value: uint64(Pri), Text: "Pri"},
	{Value: uint64(Out), Text: "Out"},
	{Value: uint64(Err), Text: "Err"},
	{Value: uint64(Hup), Text: "Hup"},
	{Value: uint64(RdNorm), Text: "RdNorm"},
	{Value: uint64(RdBand), Text: "RdBand"},
	{Value: uint64(WrNorm), Text: "WrNorm"},
	{Value: uint64(WrBand), Text: "WrBand"},
	{Value: uint64(Msg), Text: "Msg"},
	{Value: uint64(RdHup), Text: "RdHup"},
	{Value: uint64(Exclusive), Text: "Exclusive"},
	{Value: uint64(WakeUp), Text: "WakeUp"},
	{Value: uint64(OneShot), Text: "OneShot"},
	{Value: uint64(ET), Text: "ET"},
}

// String returns the names joined by |, with unknown bits in hexadecimal, as in In|Hup|0x1000.
func (e Events) String() string { return bitnames.Format(uint64(e), eventNames) }

// Flag is an argument of New.
type Flag int

// CloseOnExec is EPOLL_CLOEXEC, select.EPOLL_CLOEXEC: execve(2) closes the descriptor. New always
// sets it, with or without this flag.
const CloseOnExec Flag = 0x80000

// Event is struct epoll_event: the ready events of a registration, and its data. FD and Tag are the
// two halves of epoll_data in memory.
type Event struct {
	Events Events
	_      [pad]int32
	FD     int32  // the registered descriptor, or the first half of RegisterData's data
	Tag    uint32 // the tag of RegisterTag or ModifyTag, or the second half of the data
}

// Data returns the 64 bits of epoll_data, as passed to RegisterData or ModifyData.
func (e Event) Data() uint64 { return sys.EpollData(e.FD, e.Tag) }

// Poller is an epoll object. It is safe for concurrent use. The zero value is a closed Poller.
type Poller struct{ state }

// operation is the op of epoll_ctl(2).
type operation int

const (
	add    operation = 1
	remove operation = 2
	modify operation = 3
)

// New wraps epoll_create1(2). The descriptor is always close-on-exec. On Linux a Poller uses a
// second descriptor to wake waiters at Close. It counts as one watch of fs.epoll.max_user_watches.
// Only Close releases the descriptors: the garbage collector does not.
//
// New returns these errors:
//
//   - EMFILE, ENFILE, ENOMEM or ENOSPC if the system has no room for another Poller
//   - EINVAL for an unknown flag
//   - errors.ErrUnsupported on js and wasip1
func New(flags ...Flag) (*Poller, error) {
	for _, flag := range flags {
		if flag&^CloseOnExec != 0 {
			return nil, os.NewSyscallError("epoll_create1", syscall.EINVAL)
		}
	}
	return create()
}

// FromFD returns a Poller for an existing epoll descriptor, which Close closes. FromFD does not
// change its close-on-exec flag. If two Pollers have the same number, the first Close closes the
// number, and the calls of the other return EBADF. While Close runs, code outside this package that
// waits on a duplicate of the epoll may see an event with descriptor -1.
//
// FromFD returns these errors, after which fd still belongs to the caller:
//
//   - EBADF if fd is not open, and EINVAL if it is not an epoll
//   - EMFILE, ENFILE, ENOMEM or ENOSPC, as New does
//   - errors.ErrUnsupported on Solaris, illumos, AIX, Windows, js and wasip1
func FromFD(fd int) (*Poller, error) { return adopt(fd) }

// FD returns the descriptor of the epoll, or -1 after Close. It is readable while an event is
// pending, so it can be registered in another epoll. On macOS and the BSDs, poll(2) also finds it
// readable after its events have ceased, until the next wait. On AIX and Windows it cannot be
// waited on.
func (p *Poller) FD() int { return number(p) }

// Register wraps epoll_ctl(2) with EPOLL_CTL_ADD. Its events have FD fd and Tag 0. A Poll in
// progress also reports fd.
//
// Register returns these errors, which name fd:
//
//   - EBADF if fd is not open
//   - EEXIST if fd is already registered; use Modify
//   - EPERM if fd cannot be waited on, such as a regular file, a directory or /dev/null
//   - EINVAL if fd is the Poller itself, or if an event cannot be combined with Exclusive
//   - ELOOP if epolls watch each other, or are nested more than five deep
//   - ENOSPC if fs.epoll.max_user_watches is reached, and ENOMEM
//   - errors.ErrUnsupported if the system cannot report one of the events
//   - os.ErrClosed after Close
func (p *Poller) Register(fd int, events Events) error {
	return control(p, add, fd, events, sys.EpollData(int32(fd), 0))
}

// RegisterTag is like Register, but its events carry tag in Event.Tag. A tag can be an index, or a
// generation that distinguishes a reused descriptor from its predecessor.
func (p *Poller) RegisterTag(fd int, events Events, tag uint32) error {
	return control(p, add, fd, events, sys.EpollData(int32(fd), tag))
}

// RegisterData is like Register, but sets all 64 bits of epoll_data, which Event.Data returns.
// Event.FD is then half of the data instead of the descriptor.
func (p *Poller) RegisterData(fd int, events Events, data uint64) error {
	return control(p, add, fd, events, data)
}

// Modify wraps epoll_ctl(2) with EPOLL_CTL_MOD. It arms a one-shot registration again. An
// edge-triggered registration reports again what is ready now. The Tag becomes 0.
//
// Modify returns these errors, which name fd:
//
//   - ENOENT if fd is not registered, or if the number now belongs to another file
//   - EINVAL if the events or the registration have Exclusive
//   - EBADF if fd is not open
//   - errors.ErrUnsupported if the system cannot report one of the events
//   - os.ErrClosed after Close
func (p *Poller) Modify(fd int, events Events) error {
	return control(p, modify, fd, events, sys.EpollData(int32(fd), 0))
}

// ModifyTag is like Modify, but sets a new tag.
func (p *Poller) ModifyTag(fd int, events Events, tag uint32) error {
	return control(p, modify, fd, events, sys.EpollData(int32(fd), tag))
}

// ModifyData is like Modify, but sets all 64 bits of epoll_data.
func (p *Poller) ModifyData(fd int, events Events, data uint64) error {
	return control(p, modify, fd, events, data)
}

// Unregister wraps epoll_ctl(2) with EPOLL_CTL_DEL. A Poll that begins after Unregister returned
// does not report fd.
//
// Unregister returns these errors, which name fd:
//
//   - ENOENT if fd is not registered
//   - EBADF if fd is not open; closing it has unregistered it, unless a duplicate is open
//   - os.ErrClosed after Close
func (p *Poller) Unregister(fd int) error { return control(p, remove, fd, 0, 0) }

// Poll wraps epoll_pwait2(2). It waits until a registered descriptor is ready or the timeout
// expires. It stores the ready events in events and returns their number, which is 0 after a
// timeout. If events has too little room, the descriptors take turns.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. Its resolution on
// Linux is a nanosecond, or a millisecond before Linux 5.11. If a signal interrupts the call
// (EINTR), it waits again for the remaining time. Poll does not allocate.
//
// Poll returns EINVAL if events is empty, and os.ErrClosed after Close or if Close is called during
// the Poll.
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	return wait(p, events, timeout)
}

// Close closes the Poller and makes each Poll in progress return os.ErrClosed. The last of them to
// return closes the descriptor, so that its number is not reused earlier. Duplicates of the
// descriptor stay open.
//
// Close returns os.ErrClosed if the Poller is already closed, and EBADF if the program has closed
// its descriptor.
func (p *Poller) Close() error { return end(p) }

var (
	errClosed   = &sys.CauseError{Text: "epoll: the poller is closed", Cause: os.ErrClosed}
	closeErrors = fdref.Errors{
		Closed: errClosed,
		Gone:   &sys.CauseError{Text: "epoll: another Poller has closed the descriptor", Cause: fdref.ErrGone},
	}
)

func errNoRoom() error {
	return fmt.Errorf("%w: no room for events", os.NewSyscallError("epoll_wait", syscall.EINVAL))
}
