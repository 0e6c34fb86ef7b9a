// Package afd waits on sockets of Windows using the Ancillary Function Driver, the part of the
// kernel on which Winsock's select is built.
//
// A Call waits once on a list of sockets, for select(2) and poll(2). A Poller keeps a set of
// sockets, for epoll(7), /dev/poll and the portable Poller.
//
// Both report the conditions of poll(2), with these differences from Unix. A reset is Hup without
// Err. A refused connection is In|Out|Err|RdHup without Hup. A connection that is shut down in both
// directions is RdHup without Hup.
package afd

import (
	"errors"
	"fmt"
	"syscall"
)

// Events is a set of conditions of a socket, with the numbers of epoll(7).
type Events uint32

// The conditions and a mode. Err and Hup are always reported.
const (
	// Reading does not block: data, end of stream, a connection to accept, or a reset.
	In    Events = 0x1
	Pri   Events = 0x2    // out-of-band data
	Out   Events = 0x4    // writing does not block, or a connection was made or refused
	Err   Events = 0x8    // a connection was refused, or failed otherwise
	Hup   Events = 0x10   // the connection was reset
	RdHup Events = 0x2000 // the peer has shut down its writing side, or reset the connection

	// Conditions that only poll(2) distinguishes.
	RdNorm Events = 0x40  // the same as In
	RdBand Events = 0x80  // the same as Pri
	WrNorm Events = 0x100 // the same as Out
	WrBand Events = 0x200 // the same as Out

	// With ReportsClosed only: the socket was closed and is no longer registered.
	Closed  Events = 0x20
	OneShot Events = 1 << 30 // of a Poller: report once until Modify
)

// ErrNotSocket is the error for an open handle that is not a socket: a file, a pipe or a console.
// It wraps errors.ErrUnsupported and WSAENOTSOCK.
var ErrNotSocket error = notSocketError{}

type notSocketError struct{}

func (e notSocketError) Error() string {
	return fmt.Sprintf("only sockets on Windows: %v: %v", errors.ErrUnsupported, errNoSocket)
}

func (notSocketError) Unwrap() []error { return []error{errors.ErrUnsupported, errNoSocket} }

const errNoSocket = syscall.Errno(10038) // WSAENOTSOCK

// NotSocketsError is the error of a call with handles that are not sockets. It wraps ErrNotSocket.
type NotSocketsError struct {
	Call    string
	Handles []int
}

// Error names the first sixteen handles.
func (e *NotSocketsError) Error() string {
	const most = 16
	return fmt.Sprintf("%s: handles %d: %v", e.Call, e.Handles[:min(len(e.Handles), most)], ErrNotSocket)
}

// Unwrap returns ErrNotSocket.
func (e *NotSocketsError) Unwrap() error { return ErrNotSocket }

// Ready is a ready socket of a Poller.
type Ready struct {
	Socket int // the registered number
	Events Events
	Tag    uint64 // the tag of the last Register or Modify
}
