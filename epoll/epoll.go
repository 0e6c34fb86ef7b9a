// Package epoll is epoll(7): it waits on many descriptors, level-triggered, edge-triggered or one-shot, in a time that grows
// with the number of ready descriptors, not with that of watched ones.
//
// It is native on Linux, and emulated on Windows, for sockets. Elsewhere New returns an error that is errors.ErrUnsupported; constants
// and types exist everywhere and have Linux's values, so that programs compile.
//
// A Poller blocks the thread that waits, as the system call does. Who only needs to know when a net.Conn is readable should
// read from it in a goroutine; who wants one program for all systems should use package poll, or selectfd, which are native
// on every Unix.
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
// # What differs on Windows
//
// A descriptor is the handle of a socket, also one of package net; any other handle is refused with an error that is
// errors.ErrUnsupported. The events are In, Pri, Out, Err, Hup and RdHup, and what is the same there: RdNorm as In, RdBand as Pri, WrNorm
// and WrBand as Out; level-triggered or OneShot. To ask for others, or for other modes, is errors.ErrUnsupported. A connection that was reset is In|RdHup|Hup without Err, one that was refused In|Out|Err|RdHup
// without Hup, and one that both sides have shut down In|RdHup without Hup. Timeouts are rounded up to milliseconds, and Windows
// counts in ticks of up to 16 ms.
//
// A socket that was closed leaves by itself, a moment later: until then what gets its number may be taken for it. Unregister
// before closing. FD is the handle of a completion port, which cannot be waited on.
//
// # What every program that uses epoll should know
//
// A registration belongs to the open file, not to the number: after close(2) of a descriptor of which a duplicate lives on,
// in this process or in a child, events of the old number go on coming, and neither number can unregister it. Unregister
// before closing. Regular files and directories cannot be registered (EPERM): they are always ready.
//
// Edge-triggered and one-shot events reach one of several waiting goroutines; a level-triggered one is reported to each
// goroutine that waits until the descriptor is no longer ready.
package epoll

import (
	"fmt"
	"os"
	"time"

	"iomux/internal/bitnames"
)

// Events is a set of events and modes, the events field of struct epoll_event. It prints as In|Hup|0x400.
type Events uint32

// The events and modes. Err and Hup are always reported, asked for or not; the modes are never reported.
const (
	In        Events = 0x1        // EPOLLIN, select.EPOLLIN: available for reading
	Pri       Events = 0x2        // EPOLLPRI, select.EPOLLPRI: urgent data for reading
	Out       Events = 0x4        // EPOLLOUT, select.EPOLLOUT: available for writing
	Err       Events = 0x8        // EPOLLERR, select.EPOLLERR: an error happened, or the reading end of a pipe was closed
	Hup       Events = 0x10       // EPOLLHUP, select.EPOLLHUP: hung up, both directions of a connection are shut down
	RdNorm    Events = 0x40       // EPOLLRDNORM, select.EPOLLRDNORM: as In
	RdBand    Events = 0x80       // EPOLLRDBAND, select.EPOLLRDBAND: data of a priority band, which Linux does not have
	WrNorm    Events = 0x100      // EPOLLWRNORM, select.EPOLLWRNORM: as Out
	WrBand    Events = 0x200      // EPOLLWRBAND, select.EPOLLWRBAND: priority data may be written
	Msg       Events = 0x400      // EPOLLMSG, select.EPOLLMSG: never reported by Linux
	RdHup     Events = 0x2000     // EPOLLRDHUP, select.EPOLLRDHUP: the peer shut down its writing side, or all of it (Linux 2.6.17)
	Exclusive Events = 0x10000000 // EPOLLEXCLUSIVE, select.EPOLLEXCLUSIVE: of many epolls that hold the descriptor, wake one or more, not all (Linux 4.5); only with Register
	WakeUp    Events = 0x20000000 // EPOLLWAKEUP, no Python name: no system sleep until the next Poll (Linux 3.5; needs CAP_BLOCK_SUSPEND, else ignored)
	OneShot   Events = 0x40000000 // EPOLLONESHOT, select.EPOLLONESHOT: disabled after one report, until Modify
	ET        Events = 0x80000000 // EPOLLET, select.EPOLLET: edge-triggered; level-triggered is the default

	// DefaultEvents is what Python's register asks for when it is given no mask.
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

// String is the set's names joined by |, bits without a name in hexadecimal, and 0 for the empty set.
func (e Events) String() string { return bitnames.Format(uint64(e), eventNames) }

// Flag is an argument of New.
type Flag int

// CloseOnExec is EPOLL_CLOEXEC, select.EPOLL_CLOEXEC: the descriptor is closed by execve(2). New sets it always.
const CloseOnExec Flag = 0x80000

// Event is struct epoll_event: what is ready, and of which registration. The kernel writes into it, without a copy.
type Event struct {
	Events Events
	_      [pad]int32
	FD     int32  // the descriptor as it was registered
	Tag    uint32 // as given to RegisterTag or ModifyTag, else 0
}

// Poller is an epoll object. Its methods may be called from several goroutines at once; the zero value is a closed one.
type Poller struct{ poller }

// New wraps epoll_create1(2). The descriptor is close-on-exec, whatever the flags.
//
// Errors: EMFILE, ENFILE, ENOMEM and ENOSPC where the system has no room for one more (each Poller holds two descriptors, of
// which one is for Close to wake waiters by, and one of the user's watches, fs.epoll.max_user_watches), EINVAL for unknown
// flags, errors.ErrUnsupported on a system without epoll.
func New(flags ...Flag) (*Poller, error) { return create(flags) }

// FromFD makes a Poller of an epoll descriptor that exists already, and takes it over: Close will close it. Whether it is
// closed on exec is left as it is. Who else waits on the same epoll, through a duplicate, may see an event of descriptor -1
// while the Poller is being closed.
//
// Errors: EBADF where fd is not open, EINVAL where it is not an epoll; EMFILE, ENFILE, ENOMEM and ENOSPC as of New;
// errors.ErrUnsupported on all systems but Linux. After an error fd is the caller's as before.
func FromFD(fd int) (*Poller, error) { return adopt(fd) }

// FD is the descriptor of the epoll itself, which is readable while an event waits in it, so that it can be registered in
// another one. After Close it is -1.
func (p *Poller) FD() int { return p.descriptor.FD() }

// Register wraps epoll_ctl(2) with EPOLL_CTL_ADD. The event's Tag will be 0. A goroutine that waits already sees the new
// descriptor.
//
// Errors: EBADF (fd is not open, or no number of a descriptor), EEXIST (registered: use Modify), EPERM (a regular file or a
// directory, which is always ready), EINVAL (fd is the Poller itself, or Exclusive with what it excludes), ELOOP (a circle
// of epolls, or more than five deep), ENOSPC (fs.epoll.max_user_watches), ENOMEM, os.ErrClosed. All name fd.
func (p *Poller) Register(fd int, events Events) error { return p.control(add, fd, events, 0) }

// RegisterTag is Register with a number of the caller's that comes back in Event.Tag: an index, or a generation that tells
// a reused descriptor from its predecessor.
func (p *Poller) RegisterTag(fd int, events Events, tag uint32) error {
	return p.control(add, fd, events, tag)
}

// Modify wraps epoll_ctl(2) with EPOLL_CTL_MOD. It re-arms a one-shot registration, and an edge-triggered one reports anew
// what is ready now. The event's Tag becomes 0.
//
// Errors: ENOENT (not registered, or the number now belongs to another file), EBADF, EINVAL (Exclusive can only be given to
// Register, and what was registered with it cannot be modified), os.ErrClosed. All name fd.
func (p *Poller) Modify(fd int, events Events) error { return p.control(modify, fd, events, 0) }

// ModifyTag is Modify with a new tag.
func (p *Poller) ModifyTag(fd int, events Events, tag uint32) error {
	return p.control(modify, fd, events, tag)
}

// Unregister wraps epoll_ctl(2) with EPOLL_CTL_DEL. When it has returned, no event of fd is taken from the kernel any more.
//
// Errors: ENOENT (not registered), EBADF (closed, which unregisters it unless a duplicate lives on), os.ErrClosed.
func (p *Poller) Unregister(fd int) error { return p.control(remove, fd, 0, 0) }

// Poll wraps epoll_pwait2(2): it waits until a registered descriptor is ready or the timeout has passed, and fills events
// from the start. It returns the number of events, 0 after a timeout. What finds no room in events is reported by the next
// Poll: the kernel takes turns.
//
// A negative timeout blocks, zero does not wait, any other is never shortened and has nanosecond resolution; kernels before
// Linux 5.11 have only epoll_pwait(2), for which it is rounded up to milliseconds. Interruptions by signals (EINTR) are
// waited through.
//
// Errors: EINVAL for an empty events, os.ErrClosed also when Close is called meanwhile. A Poll does not allocate.
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	return p.wait(events, timeout)
}

// Close closes the epoll's descriptor. Goroutines that wait in Poll return os.ErrClosed, and only when the last of them has
// left is the number given back to the system. Duplicates of the descriptor live on.
//
// Errors: os.ErrClosed where it was closed before; EBADF where somebody else closed the descriptor.
func (p *Poller) Close() error { return p.close() }

var errClosed = fmt.Errorf("epoll: the poller is closed: %w", os.ErrClosed)
