// Package afd waits on sockets of Windows by the Ancillary Function Driver, the part of the kernel that select there is made of.
// A Call waits once on a list of sockets, for select(2) and poll(2). A Poller remembers sockets, for epoll(7), /dev/poll and the
// portable Poller.
//
// Both speak of conditions as poll(2) does. What differs from Unix: a reset is Hup without Err, a connection that was refused is
// In|Out|Err|RdHup without Hup, and both directions shut down are RdHup only.
package afd

import (
	"errors"
	"fmt"
	"syscall"
)

// Events are conditions of a socket, in the numbers of epoll(7).
type Events uint32

// The conditions. Err and Hup are told whether they were asked for or not.
const (
	In    Events = 0x1    // reading would not block: data, the end of it, a connection to accept, a reset
	Pri   Events = 0x2    // out-of-band data
	Out   Events = 0x4    // writing would not block, or a connection was made or refused
	Err   Events = 0x8    // a connection was refused, or could not be made otherwise
	Hup   Events = 0x10   // the connection was reset
	RdHup Events = 0x2000 // the peer has shut down its writing side, or reset the connection

	// Conditions that poll(2) tells apart, and the driver does not.
	RdNorm Events = 0x40  // as In
	RdBand Events = 0x80  // as Pri
	WrNorm Events = 0x100 // as Out
	WrBand Events = 0x200 // as Out

	Closed  Events = 0x20    // of a Poller that tells it: the socket was closed, and is not registered any more
	OneShot Events = 1 << 30 // of a Poller: report once, then be silent until Modify
)

// ErrNotSocket is the error of a handle that is open and no socket: a file, a pipe, a console. It is errors.ErrUnsupported and
// WSAENOTSOCK, too.
var ErrNotSocket = fmt.Errorf("only sockets on Windows: %w: %w", errors.ErrUnsupported, syscall.Errno(10038))

// NotSocketsError is the error of a call that was given handles which are open and no sockets. It is ErrNotSocket.
type NotSocketsError struct {
	Call    string
	Handles []int
}

// Error names the handles, the first sixteen of them.
func (e *NotSocketsError) Error() string {
	const most = 16
	return fmt.Sprintf("%s: handles %d: %v", e.Call, e.Handles[:min(len(e.Handles), most)], ErrNotSocket)
}

// Unwrap is ErrNotSocket.
func (e *NotSocketsError) Unwrap() error { return ErrNotSocket }

// Ready is a socket of a Poller that is ready.
type Ready struct {
	Socket int // as it was registered
	Events Events
	Tag    uint64 // as it was given to Register or Modify last
}
