// Package poll is poll(2): it waits on any descriptors, in a time that grows with their number. It is native on every Unix,
// and what to use where a program should run on all of them and watches up to some hundred descriptors, or where most of
// the watched ones are ready.
//
// Wait is the call itself, on a list that the caller owns. A Poller keeps the list, as the polling objects of Python's module select do. Both
// block the thread that waits. Who holds many mostly idle descriptors should use package epoll.
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
// timeouts in milliseconds, the others in nanoseconds; all are rounded up. On Windows nothing is supported yet.
package poll

import (
	"errors"
	"fmt"
	"time"

	"iomux/internal/flag"
)

// Events is a set of events, the fields events and revents of struct pollfd. It prints as In|Hup|0x400.
type Events uint16

// DefaultEvents is what Python's register asks for when it is given no mask.
const DefaultEvents = In | Pri | Out

var eventNames = []flag.Name{
	{Value: uint64(absent), Text: absentNames},
	{Value: uint64(In), Text: "In"},
	{Value: uint64(Pri), Text: "Pri"},
	{Value: uint64(Out), Text: "Out"},
	{Value: uint64(Err), Text: "Err"},
	{Value: uint64(Hup), Text: "Hup"},
	{Value: uint64(Nval), Text: "Nval"},
	{Value: uint64(RdNorm), Text: "RdNorm"},
	{Value: uint64(RdBand), Text: "RdBand"},
	{Value: uint64(WrNorm), Text: "WrNorm"},
	{Value: uint64(WrBand), Text: "WrBand"},
	{Value: uint64(Msg), Text: "Msg"},
	{Value: uint64(RdHup), Text: "RdHup"},
}

// String is the set's names joined by |, bits without a name in hexadecimal, and 0 for the empty set.
func (e Events) String() string { return flag.Format(uint64(e), eventNames) }

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
// an event that the system does not have. After an error the Revents mean nothing.
func Wait(fds []FD, timeout time.Duration) (n int, err error) {
	if absent != 0 {
		for i := range fds {
			if fds[i].Events&absent != 0 {
				return 0, errAbsent(int(fds[i].FD))
			}
		}
	}
	return wait(fds, timeout)
}

func errAbsent(fd int) error {
	return fmt.Errorf("poll: descriptor %d: event %s: %w on this system", fd, absentNames, errors.ErrUnsupported)
}
