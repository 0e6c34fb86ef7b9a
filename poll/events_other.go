//go:build !unix

package poll

// The events. This system has none of its own: these are Linux' numbers. Each comment begins with the name in C, which is Python's name too.
const (
	In     Events = 0x1    // POLLIN: there is data to read
	Pri    Events = 0x2    // POLLPRI: there is urgent data to read
	Out    Events = 0x4    // POLLOUT: ready for output, writing will not block
	Err    Events = 0x8    // POLLERR: an error condition, or the reading end of a pipe was closed; only reported
	Hup    Events = 0x10   // POLLHUP: hung up; only reported
	Nval   Events = 0x20   // POLLNVAL: the descriptor is not open; only reported
	RdNorm Events = 0x40   // POLLRDNORM: ordinary data may be read
	RdBand Events = 0x80   // POLLRDBAND: priority data may be read
	WrNorm Events = 0x100  // POLLWRNORM: as Out
	WrBand Events = 0x200  // POLLWRBAND: priority data may be written
	Msg    Events = 0x400  // POLLMSG: a message of a STREAMS device
	RdHup  Events = 0x2000 // POLLRDHUP: the peer shut down its writing side, or all of it
)

// absent would stand for events that the system lacks: it has them all.
const (
	absent      Events = 0
	absentNames        = ""
)
