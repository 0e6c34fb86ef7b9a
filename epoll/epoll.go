// Package epoll wraps epoll(7): it waits on many descriptors, level-triggered, edge-triggered or
// one-shot. The cost of a wait grows with the number of ready descriptors, not of registered ones.
//
// It is native on Linux and emulated on every other Unix and on Windows. On other systems New
// returns errors.ErrUnsupported. The constants and types exist everywhere and have Linux's values.
//
// A Poller blocks the waiting thread, as the system call does. To wait for a single net.Conn, read
// from it in a goroutine instead. To wait for timers, signals and processes as well, use package
// iomux.
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
// # Registrations
//
// On Linux a registration belongs to the open file, not to the number. If a descriptor is closed
// while a duplicate stays open, in this process or in a child, events of the old number continue,
// and neither number can unregister it. Unregister before closing.
//
// Regular files and directories are always ready, and Register refuses them with EPERM.
//
// An edge-triggered or one-shot event is delivered to one of several waiting goroutines. A
// level-triggered event is delivered to each goroutine that waits while the descriptor is ready.
//
// # What differs per system
//
// Whatever a system cannot do is refused with errors.ErrUnsupported before anything is changed.
//
//	             macOS, BSDs   Solaris, illumos  AIX        Windows
//	on top of    kqueue        event ports       poll(2)    AFD
//	descriptors  all           all               all        sockets
//	ET           yes           refused           refused    refused
//	OneShot      yes           yes               yes        yes
//	Exclusive    wakes all     refused           refused    refused
//	Pri          see below     yes               yes        yes
//	RdHup        yes           see below         see below  yes
//	FromFD       this process  refused           refused    refused
//	nesting      yes           yes               no         no
//	tested       modelled      modelled          modelled   under Wine
//
// Modelled means that the emulation was tested on Linux, on top of an emulation of kqueue, a model
// of event ports or poll(2). It is only compiled for the system itself.
//
// # What differs on macOS and the BSDs
//
//   - A registration belongs to the number and ends when the number is closed. Linux keeps it while
//     a duplicate is open.
//   - Wake-ups of FreeBSD and NetBSD lack urgent data. There Pri is reported together with another
//     event, and Pri alone is refused.
//   - A socket that was never connected is not ready. On Linux it is Out|Hup.
//   - If an edge-triggered descriptor is registered already, the refused Register may make it
//     report once more what is ready. So may an arrival after the end of a connection.
//   - If events of Poll has room for one event, an edge-triggered descriptor that is ready in both
//     directions may be reported twice.
//   - Linux repeats that an edge-triggered descriptor is writable if something else arrived, or was
//     read before the wait. The emulation does not.
//   - Exclusive is accepted and wakes all epolls. Linux wakes one or more.
//   - A device that has readiness for poll(2) but no kqueue filter is refused with EPERM.
//   - A child process does not inherit the epoll.
//
// # What differs on Solaris, illumos and AIX
//
// The kernel reports the conditions, with its own meaning of Hup and Err. Solaris and AIX lack
// POLLRDHUP: RdHup needs In there, and is reported when all data before the end was read. FD of an
// event port is readable while an event is pending.
//
// If a one-shot descriptor is closed after its report and its number reused, Register may return
// EEXIST on systems whose sockets have no inode number. Unregister before closing.
//
// # What differs on Windows
//
// A descriptor is the handle of a socket, including those of package net. Any other handle is
// errors.ErrUnsupported. The events are In, Pri, Out, Err, Hup and RdHup, and their synonyms
// RdNorm, RdBand, WrNorm and WrBand.
//
// A reset connection is In|RdHup|Hup without Err, a refused one In|Out|Err|RdHup without Hup, and
// one that both sides have shut down In|RdHup without Hup. Timeouts are rounded up to milliseconds,
// and Windows counts in ticks of up to 16 ms.
//
// A closed socket leaves a moment later. Until then, another socket that gets its number may be
// taken for it. Unregister before closing. FD is the handle of a completion port, which cannot be
// waited on.
package epoll

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux/internal/bitnames"
)

// Events is a set of events and modes, the events field of struct epoll_event.
type Events uint32

// The events and modes. Err and Hup are always reported, requested or not. Modes are never
// reported. Exclusive (Linux 4.5) is for Register only: of the epolls that hold the descriptor, one
// or more are woken. WakeUp (Linux 3.5) is ignored without CAP_BLOCK_SUSPEND.
const (
	In        Events = 0x1        // EPOLLIN, select.EPOLLIN: available for reading
	Pri       Events = 0x2        // EPOLLPRI, select.EPOLLPRI: urgent data for reading
	Out       Events = 0x4        // EPOLLOUT, select.EPOLLOUT: available for writing
	Err       Events = 0x8        // EPOLLERR, select.EPOLLERR: an error, or a pipe without a reader
	Hup       Events = 0x10       // EPOLLHUP, select.EPOLLHUP: both directions are shut down
	RdNorm    Events = 0x40       // EPOLLRDNORM, select.EPOLLRDNORM: the same as In
	RdBand    Events = 0x80       // EPOLLRDBAND, select.EPOLLRDBAND: priority data, absent on Linux
	WrNorm    Events = 0x100      // EPOLLWRNORM, select.EPOLLWRNORM: the same as Out
	WrBand    Events = 0x200      // EPOLLWRBAND, select.EPOLLWRBAND: priority data may be written
	Msg       Events = 0x400      // EPOLLMSG, select.EPOLLMSG: never reported by Linux
	RdHup     Events = 0x2000     // EPOLLRDHUP, select.EPOLLRDHUP: the peer has shut down writing
	Exclusive Events = 0x10000000 // EPOLLEXCLUSIVE, select.EPOLLEXCLUSIVE: wake not all epolls
	WakeUp    Events = 0x20000000 // EPOLLWAKEUP, no Python name: no system sleep until the next Poll
	OneShot   Events = 0x40000000 // EPOLLONESHOT, select.EPOLLONESHOT: report once, until Modify
	ET        Events = 0x80000000 // EPOLLET, select.EPOLLET: edge-triggered, not level-triggered

	// DefaultEvents is what Python's register requests if it has no mask.
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
// sets it.
const CloseOnExec Flag = 0x80000

// Event is struct epoll_event: what is ready, and the data of its registration. FD and Tag are the
// two halves of epoll_data in memory.
type Event struct {
	Events Events
	_      [pad]int32
	FD     int32  // the registered descriptor, or the first half of RegisterData's data
	Tag    uint32 // the tag of RegisterTag or ModifyTag, or the second half of RegisterData's data
}

// Data returns the 64 bits of epoll_data, as given to RegisterData or ModifyData.
func (e Event) Data() uint64 { return join(e.FD, e.Tag) }

// join returns epoll_data whose halves in memory are fd and tag.
func join(fd int32, tag uint32) uint64 {
	var memory [8]byte
	binary.NativeEndian.PutUint32(memory[:4], uint32(fd))
	binary.NativeEndian.PutUint32(memory[4:], tag)
	return binary.NativeEndian.Uint64(memory[:])
}

// Poller is an epoll object. Its methods may be called from several goroutines at once. The zero
// value is a closed Poller.
type Poller struct{ state }

// operation is the op of epoll_ctl(2).
type operation int

const (
	add    operation = 1
	remove operation = 2
	modify operation = 3
)

// New wraps epoll_create1(2). The descriptor is close-on-exec, whatever the flags. On Linux a
// Poller holds two descriptors, of which one wakes waiters at Close, and one watch of
// fs.epoll.max_user_watches.
//
// Errors: EMFILE, ENFILE, ENOMEM and ENOSPC if the system has no room for another Poller; EINVAL
// for unknown flags; errors.ErrUnsupported on a system without epoll.
func New(flags ...Flag) (*Poller, error) {
	for _, flag := range flags {
		if flag&^CloseOnExec != 0 {
			return nil, os.NewSyscallError("epoll_create1", syscall.EINVAL)
		}
	}
	return create()
}

// FromFD returns a Poller for an existing epoll descriptor and takes it over: Close closes it. Its
// close-on-exec flag stays as it is. While the Poller is being closed, a wait on a duplicate of the
// epoll by other means than this package may see an event of descriptor -1.
//
// Errors: EBADF if fd is not open, EINVAL if it is not an epoll; EMFILE, ENFILE, ENOMEM and ENOSPC
// as in New; errors.ErrUnsupported on Solaris, illumos, AIX and Windows. After an error, fd still
// belongs to the caller.
func FromFD(fd int) (*Poller, error) { return adopt(fd) }

// FD returns the descriptor of the epoll, or -1 after Close. It is readable while an event is
// pending, so it can be registered in another epoll. On AIX and Windows it cannot be waited on.
func (p *Poller) FD() int { return number(p) }

// Register wraps epoll_ctl(2) with EPOLL_CTL_ADD. Its events have FD fd and Tag 0. A goroutine that
// is already waiting sees the new descriptor.
//
// Errors, all of which name fd:
//   - EBADF: fd is not open;
//   - EEXIST: it is already registered, use Modify;
//   - EPERM: it cannot be waited on, as a regular file, a directory or /dev/null;
//   - EINVAL: it is the Poller itself, or Exclusive excludes another event;
//   - ELOOP: epolls watch each other, or are nested more than five deep;
//   - ENOSPC: fs.epoll.max_user_watches is reached;
//   - ENOMEM, os.ErrClosed;
//   - errors.ErrUnsupported: the system cannot report one of the events.
func (p *Poller) Register(fd int, events Events) error {
	return control(p, add, fd, events, join(int32(fd), 0))
}

// RegisterTag is Register with a number that is returned in Event.Tag, such as an index, or a
// generation that distinguishes a reused descriptor from its predecessor.
func (p *Poller) RegisterTag(fd int, events Events, tag uint32) error {
	return control(p, add, fd, events, join(int32(fd), tag))
}

// RegisterData is Register with all 64 bits of epoll_data, which Event.Data returns. Event.FD is
// then half of the data instead of the descriptor.
func (p *Poller) RegisterData(fd int, events Events, data uint64) error {
	return control(p, add, fd, events, data)
}

// Modify wraps epoll_ctl(2) with EPOLL_CTL_MOD. It arms a one-shot registration again. An
// edge-triggered one reports once more what is ready now. The Tag becomes 0.
//
// Errors, all of which name fd: ENOENT if it is not registered, or the number now belongs to
// another file; EINVAL for Exclusive, and for a registration that has it; EBADF; os.ErrClosed.
func (p *Poller) Modify(fd int, events Events) error {
	return control(p, modify, fd, events, join(int32(fd), 0))
}

// ModifyTag is Modify with a new tag.
func (p *Poller) ModifyTag(fd int, events Events, tag uint32) error {
	return control(p, modify, fd, events, join(int32(fd), tag))
}

// ModifyData is Modify with all 64 bits of epoll_data.
func (p *Poller) ModifyData(fd int, events Events, data uint64) error {
	return control(p, modify, fd, events, data)
}

// Unregister wraps epoll_ctl(2) with EPOLL_CTL_DEL. A Poll that begins after it returned does not
// report fd.
//
// Errors, all of which name fd: ENOENT if it is not registered; EBADF if it is closed, which
// unregisters it unless a duplicate is open; os.ErrClosed.
func (p *Poller) Unregister(fd int) error { return control(p, remove, fd, 0, 0) }

// Poll wraps epoll_pwait2(2). It waits until a registered descriptor is ready or the timeout
// expires, stores the events in events and returns their number, which is 0 after a timeout. The
// next Poll reports events that found no room: the kernel takes turns.
//
// A negative timeout blocks, zero does not wait, and any other is never shortened. The resolution
// is a nanosecond, or a millisecond before Linux 5.11. Interruptions (EINTR) are retried with the
// time that is left. Poll does not allocate.
//
// Errors: EINVAL if events is empty; os.ErrClosed if the Poller is closed, also during the call.
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	return wait(p, events, timeout)
}

// Close closes the epoll's descriptor. Goroutines that wait in Poll return os.ErrClosed. The number
// is given back to the system when the last of them has returned. Duplicates of the descriptor stay
// open.
//
// Errors: os.ErrClosed if the Poller is closed already; EBADF if its descriptor is.
func (p *Poller) Close() error { return end(p) }

var (
	errClosed = fmt.Errorf("epoll: the poller is closed: %w", os.ErrClosed)
	errNoRoom = fmt.Errorf("%w: no room for events", os.NewSyscallError("epoll_wait", syscall.EINVAL))
)
