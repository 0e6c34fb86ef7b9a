// Package poll waits on descriptors with poll(2). It is for programs that run on every system and
// watch up to a few hundred descriptors, or more if most of them are ready. It is native on every
// Unix and works on sockets on Windows.
//
// The time of a poll(2) grows with the length of its list. For many mostly idle descriptors, use
// package epoll or the Poller of package iomux. To wait for a single net.Conn, use a goroutine.
//
// [Wait] wraps the call, with a list that the caller owns. A [Poller] keeps the list, as the
// polling objects of Python's module select do. Both have a variant that takes a context. All of
// them block a thread.
//
//	fds := []poll.FD{
//		{FD: 0, Events: poll.In},
//		{FD: int32(serial), Events: poll.In | poll.Pri},
//	}
//	for {
//		n, err := poll.Wait(fds, time.Second)
//		if err != nil {
//			return err
//		}
//		for _, fd := range fds {
//			if fd.Revents != 0 {
//				handle(fd.FD, fd.Revents)
//			}
//		}
//	}
//
// The file docs/porting/xsys.md shows code before and after a move from golang.org/x/sys/unix to
// this package.
//
// # Errors
//
// An error of the system call is an *os.SyscallError and matches its syscall.Errno with errors.Is.
// An event or a handle that the system cannot wait on is errors.ErrUnsupported. So is any wait on
// js and wasip1. A closed descriptor is not an error: it is reported as Nval.
//
// # What differs per system
//
// The constants have the system's own numbers. Msg and RdHup exist on few systems. On the others,
// the constant is a bit that no event has, and requesting it is errors.ErrUnsupported. Regular
// files are always ready.
//
//	                             timeouts      Msg  RdHup
//	Linux                        nanoseconds   yes  yes
//	FreeBSD                      nanoseconds   no   since 13.1
//	DragonFly, NetBSD, OpenBSD   nanoseconds   no   no
//	AIX                          milliseconds  yes  no
//	illumos                      milliseconds  no   yes
//	macOS, Solaris               milliseconds  no   no
//	Windows, sockets only        clock ticks   no   yes
//
// Timeouts are rounded up. A clock tick of Windows takes up to 16 ms.
//
// Most systems refuse a list with more entries than RLIMIT_NOFILE. FreeBSD and DragonFly compare
// with the sysctl kern.maxfilesperproc. The error names the limit.
//
// macOS reports Nval for some devices that select(2) supports: use package selectfd for them.
//
// DragonFly's poll(2) misses some events. The package finds them with further calls, with two
// exceptions. Hup of a FIFO whose last writer has gone is not reported. An entry without Events
// reports Hup only if the descriptor was hung up before the wait.
//
// On Windows, a handle that is not a socket is an error that names it. The wait uses the driver
// below Winsock's WSAPoll, and reports events that WSAPoll misses. A refused connection is
// In|Out|Err, a reset one is In|Hup, and Pri can be requested. The numbers are those of Linux.
package poll

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"iomux/internal/bitnames"
	"iomux/internal/freelist"
	"iomux/internal/sys"
	"iomux/internal/waker"
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

// String returns the names of the events, joined by "|". A bit without a name is in hexadecimal,
// and the empty set is 0.
func (e Events) String() string { return bitnames.Format(uint64(e), sys.PollEventNames) }

// FD is struct pollfd. Wait ignores an entry with a negative FD, and sets its Revents to 0.
type FD struct {
	FD      int32
	Events  Events // the requested events; Err, Hup and Nval are always reported
	Revents Events // the ready events, set by Wait
}

// Event is a ready descriptor of a Poller.
type Event struct {
	FD     int
	Events Events
}

// ErrNotRegistered is returned by Unregister if the Poller does not hold the descriptor. Python
// raises a KeyError.
var ErrNotRegistered = errors.New("poll: the descriptor is not registered")

// Wait wraps poll(2). It waits until an entry of fds is ready or the timeout expires. It returns
// the number of ready entries, those with Revents other than 0, which is 0 after a timeout. A
// closed descriptor is ready with Nval. With an empty list, Wait sleeps.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. If a signal
// interrupts the call (EINTR), it waits again for the remaining time. Wait does not allocate.
//
// Wait returns these errors, after which the Revents have no meaning:
//
//   - EINVAL if there are more entries than the system accepts
//   - ENOMEM
//   - errors.ErrUnsupported for an event that the system does not have, and on Windows for a handle
//     that is not a socket
func Wait(fds []FD, timeout time.Duration) (n int, err error) {
	if err := check(fds); err != nil {
		return 0, err
	}
	if sys.CanLook() && timeout == 0 && len(fds) <= sys.RawLimit {
		if n, errno := sys.PollLook(unsafe.Pointer(unsafe.SliceData(fds)), uintptr(len(fds))); errno == 0 {
			return int(n), nil
		}
	}
	return wait(fds, timeout)
}

// WaitContext is like Wait, and also returns if ctx is done. The error is then context.Cause(ctx),
// unless an entry is ready. A nil context is context.Background().
//
// If nothing is ready and the context can be cancelled, WaitContext also waits on a descriptor that
// it opens for this call: an eventfd, a pipe, or a socket on Windows. That allocates, and takes
// about 5 µs on Linux. A program that waits often should use a Poller of package iomux, which keeps
// that descriptor.
//
// WaitContext returns the errors of Wait, the cause of ctx, and EMFILE if the process has no
// descriptor left.
func WaitContext(ctx context.Context, fds []FD, timeout time.Duration) (n int, err error) {
	if err := check(fds); err != nil {
		return 0, err
	}
	return waitContext(ctx, fds, timeout)
}

// check refuses events that the system does not have.
func check(fds []FD) error {
	if sys.PollAbsent == 0 { // the compiler leaves out the loop
		return nil
	}
	for i := range fds {
		if err := checkEvents(int(fds[i].FD), fds[i].Events); err != nil {
			return err
		}
	}
	return nil
}

func checkEvents(fd int, events Events) error {
	if lacks := sys.PollLacks(uint16(events)); lacks != "" {
		return fmt.Errorf("poll: descriptor %d: event %s: %w on this system", fd, lacks, errors.ErrUnsupported)
	}
	return nil
}

// copies holds unused lists of waits with a context.
var copies freelist.Slices[FD]

// waitContext waits on a copy of fds with one more entry, which is readable once ctx is done. It
// polls before it makes the copy.
func waitContext(ctx context.Context, fds []FD, d time.Duration) (n int, err error) {
	switch {
	case ctx == nil || ctx.Done() == nil:
		return wait(fds, d)
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	n, err = wait(fds, 0)
	if n > 0 || err != nil || d == 0 {
		return n, err
	}
	err = waker.Until(ctx, func(fd int) error {
		list := copies.Get(len(fds) + 1)
		defer copies.Put(list)
		list[copy(list, fds)] = FD{FD: int32(fd), Events: In}
		n, err = wait(list, d)
		copy(fds, list)
		if err == nil && list[len(fds)].Revents != 0 {
			if n--; n == 0 {
				return context.Cause(ctx)
			}
		}
		return err
	})
	return n, err
}
