// Package eventport wraps the system calls of event ports on Solaris and illumos. Each function
// makes its call once.
//
// The package calls the C library in the same way as x/sys and x/net. It does not use EventPort of
// x/sys, which stores a pointer for each association in the kernel. EventPort panics if the kernel
// returns another one, as kernels with illumos' bug 14898 do (golang/go#54254). It also allocates
// for each event, and has no port_send.
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
	User   uintptr // not used, because some kernels return the value of another event
}

// The sources of events.
const (
	SourceUser = 3 // PORT_SOURCE_USER: Send
	SourceFD   = 4 // PORT_SOURCE_FD
)

// Calls are the system calls. An association ends when its event is taken, when the descriptor is
// dissociated, and when it is closed.
type Calls interface {
	// Create wraps port_create(3C). The descriptor is close-on-exec.
	Create() (port int, err error)
	// Associate wraps port_associate(3C). It replaces the events of an associated descriptor.
	Associate(port int, fd int32, events uint16) syscall.Errno
	// Dissociate wraps port_dissociate(3C).
	Dissociate(port int, fd int32) syscall.Errno
	// Sleep wraps poll(2), which waits until the port has an event or the timeout expires. It
	// takes no event. A negative timeout blocks. After a timeout the errno is 0.
	Sleep(port int, timeout time.Duration) syscall.Errno
	// Get wraps port_getn(3C) with timeout 0, which takes events without waiting. It has taken
	// n events, even if errno is not 0.
	Get(port int, events []Event) (n int, errno syscall.Errno)
	// Send wraps port_send(3C), which sends an event from SourceUser.
	Send(port int) syscall.Errno
	// Close wraps close(2).
	Close(port int) error
}

// EBADFD is the errno of port_associate for a descriptor that is not open.
const EBADFD syscall.Errno = 81
