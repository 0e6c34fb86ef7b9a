// Package eventport is event ports of Solaris and illumos: the calls that a Poller needs, each of which does one thing once.
//
// The calls are made here, by the way that x/sys and x/net make theirs, and not by EventPort of x/sys: that one keeps a pointer
// for each association in the kernel and panics when it gets back another, as it does from kernels with illumos' bug 14898
// (golang/go#54254); it allocates for each association, of which there is one for each event; and it has no port_send.
package eventport

import (
	"syscall"
	"time"
)

// Event is port_event_t.
type Event struct {
	Events int32
	Source uint16
	_      uint16
	Object uintptr // a descriptor
	User   uintptr // is not used: kernels have mixed it up
}

// The sources of events.
const (
	SourceUser = 3 // PORT_SOURCE_USER: Send
	SourceFD   = 4 // PORT_SOURCE_FD
)

// Calls are the system calls. A descriptor that is associated with a port is so until an event of it was taken, until it is
// dissociated, or until it is closed.
type Calls interface {
	// Create is port_create(3C) of a descriptor that is closed on exec.
	Create() (port int, err error)
	// Associate is port_associate(3C) of a descriptor. It replaces the events of one that is associated.
	Associate(port int, fd int32, events uint16) syscall.Errno
	// Dissociate is port_dissociate(3C) of a descriptor.
	Dissociate(port int, fd int32) syscall.Errno
	// Get is port_getn(3C), which waits for one event and takes as many as there are. It has taken n events whatever the
	// errno is. A negative timeout blocks; that the time is over is no error.
	Get(port int, events []Event, timeout time.Duration) (n int, errno syscall.Errno)
	// Send is port_send(3C): an event from SourceUser.
	Send(port int) syscall.Errno
	// Close is close(2).
	Close(port int) error
}

// EBADFD is what port_associate says of a descriptor that is not open.
const EBADFD syscall.Errno = 81
