// Package poll is poll(2): it waits on any descriptors, in a time that grows with their number. It is native on every Unix,
// works on sockets on Windows, and is what to use where a program should run on all of them and watches up to some hundred
// descriptors, or where most of the watched ones are ready.
//
// Wait is the call itself, on a list that the caller owns. A Poller keeps the list, as the polling objects of Python's module select
// do. Of both there is a form that a context can end. All block the thread that waits. Who holds many mostly idle descriptors should
// use package epoll.
//
//	fds := []poll.FD{{FD: 0, Events: poll.In}, {FD: int32(serial), Events: poll.In | poll.Pri}}
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
// # What differs per system
//
// The numbers of the constants are the system's own. Msg and RdHup exist on few systems; where the kernel has no such event
// the constant is a bit that no event has, and asking for it is errors.ErrUnsupported. Regular files are always ready.
// macOS' poll reports Nval for some devices that select takes: use package selectfd for these. AIX, macOS and Solaris have
// timeouts in milliseconds, the others in nanoseconds; all are rounded up.
//
// On Windows there are sockets only: a handle of anything else is an error that is errors.ErrUnsupported and names it. The wait is
// the driver's that Winsock's WSAPoll is made of, without WSAPoll's gaps: a connection that was refused is In|Out|Err, one that was
// reset In|Hup, and Pri may be asked for. The numbers are Linux'. Timeouts end with a tick of the clock, up to 16 ms late.
package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"iomux/internal/bitnames"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// Events is a set of events, the fields events and revents of struct pollfd. It prints as In|Hup|0x400.
type Events uint16

// The events, with the system's own numbers. Each comment begins with the name in C, which is Python's name too.
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

// absent is a bit that no event of this system has: it stands for those that the system lacks. It is 0 where there are none.
const absent Events = sys.PollAbsent

// String is the set's names joined by |, bits without a name in hexadecimal, and 0 for the empty set.
func (e Events) String() string { return bitnames.Format(uint64(e), sys.PollEventNames) }

// FD is struct pollfd. A negative FD is passed over, and its Revents come back empty.
type FD struct {
	FD      int32
	Events  Events // what to wait for; Err, Hup and Nval are reported in any case
	Revents Events // what is ready, set by Wait
}

// Event is a ready descriptor of a Poller.
type Event struct {
	FD     int
	Events Events
}

// ErrNotRegistered is what Unregister returns for a descriptor that the Poller does not know; Python raises a KeyError.
var ErrNotRegistered = errors.New("poll: the descriptor is not registered")

// Wait wraps poll(2): it waits until one of fds is ready or the timeout has passed, and returns the number of those whose
// Revents are not empty, 0 after a timeout. A closed descriptor is no error: its Revents are Nval. An empty fds sleeps.
//
// A negative timeout blocks, zero does not wait, any other is never shortened. Interruptions by signals (EINTR) are waited
// through. Nothing is allocated.
//
// Errors: EINVAL for more entries than the process may have descriptors (RLIMIT_NOFILE), ENOMEM, errors.ErrUnsupported for
// an event that the system does not have, and on Windows for what is no socket. After an error the Revents mean nothing.
func Wait(fds []FD, timeout time.Duration) (n int, err error) {
	return WaitContext(context.Background(), fds, timeout)
}

// WaitContext is Wait, poll(2), that the end of ctx ends, too: then the error is context.Cause(ctx), unless something is ready. A
// nil context is context.Background.
//
// Where nothing is ready and the context can end, one more descriptor is waited on, an eventfd, a pipe, or a socket on Windows. It
// is made for the one wait, which then allocates and takes longer, on Linux by some 5 µs. A program that waits often, and mostly
// sleeps, should use a Poller of package iomux, which keeps its own.
//
// Errors: those of Wait; the context's; EMFILE where the process has as many descriptors as it may.
func WaitContext(ctx context.Context, fds []FD, timeout time.Duration) (n int, err error) {
	if absent != 0 {
		for i := range fds {
			if fds[i].Events&absent != 0 {
				return 0, errAbsent(int(fds[i].FD))
			}
		}
	}
	return waitContext(ctx, fds, timeout)
}

// waitContext waits on a copy of fds with one more entry, the bell that ctx rings. Mostly it need not be made: a look comes first.
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
		list := slices.Concat(fds, []FD{{FD: int32(fd), Events: In}})
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

func errAbsent(fd int) error {
	return fmt.Errorf("poll: descriptor %d: event %s: %w on this system", fd, sys.PollAbsentNames, errors.ErrUnsupported)
}
