package iomux

import "iomux/internal/bitnames"

// Interest is a set of conditions to wait for, together with the mode of reporting. An event holds
// the conditions that are ready, without modes. An Interest prints as Readable|Edge.
//
// A reader should read after each of Readable, Hangup, ReadHangup and Errored, until the end of the
// file or an error. Which of them arrive together differs per system: for a pipe without writers
// Linux reports Hangup, and the BSDs Readable|Hangup.
//
// [Poller.Supports] reports whether a mechanism has a condition or mode. Register refuses others
// with errors.ErrUnsupported. All mechanisms but select report Hangup and Errored even if they were
// not requested.
//
// # What differs per mechanism
//
//	           epoll          kqueue                   poll (1)   select
//	Readable   EPOLLIN        EVFILT_READ              POLLIN     readers (2)
//	Writable   EPOLLOUT       EVFILT_WRITE             POLLOUT    writers (2)
//	Priority   EPOLLPRI       EVFILT_EXCEPT, NOTE_OOB  POLLPRI    exceptions
//	Hangup     EPOLLHUP       EV_EOF, then POLLHUP     POLLHUP    not supported
//	ReadHangup EPOLLRDHUP     EV_EOF of EVFILT_READ    POLLRDHUP  not supported
//	Errored    EPOLLERR       EV_EOF, then POLLERR     POLLERR    not supported
//	Edge       EPOLLET        EV_CLEAR                 -          -
//	OneShot    EPOLLONESHOT   EV_DISPATCH              emulated   emulated
//
// (1) The same for devpoll and event ports. (2) Hang-ups and errors are reported as Readable,
// errors also as Writable.
//
// POLLRDHUP exists on Linux, FreeBSD and illumos, and EVFILT_EXCEPT on macOS, OpenBSD and
// DragonFly. With kqueue a TCP socket that was never connected is ready for nothing. With epoll and
// poll on Linux it is Writable|Hangup.
//
// On Windows afd, devpoll and poll report all conditions of sockets, without Edge. A reset
// connection is Hangup without Errored there, a refused one is Errored without Hangup, and one that
// both sides have shut down is ReadHangup without Hangup.
type Interest uint32

// The conditions and modes. Without a mode a condition is level-triggered: every Wait reports it
// until it ends. The numbers are those of epoll(7) on every system.
const (
	// Readable: reading would not block. There is data, the end of the file, a connection to
	// accept, or an error.
	Readable Interest = 0x1
	// Priority: there is urgent data, or a file such as /proc/self/mountinfo or a pressure-stall
	// trigger has changed.
	Priority Interest = 0x2
	// Writable: writing would not block, or an attempt to connect has ended.
	Writable Interest = 0x4
	// Errored: an error is pending, or the reading end of a pipe was closed.
	Errored Interest = 0x8
	// Hangup: both directions of a connection are shut down, or all writing ends of a pipe were
	// closed.
	Hangup Interest = 0x10
	// ReadHangup: the peer will send nothing more. It has shut down its writing side, and may still
	// read, or has closed the connection. Data may be left to read. To distinguish the two, look
	// for Hangup or Errored, or write to the connection.
	ReadHangup Interest = 0x2000

	// OneShot reports once. Registration.Modify arms the source again.
	OneShot Interest = 1 << 30
	// Edge reports when something arrives, not while it is there. Read and write until EAGAIN.
	Edge Interest = 1 << 31
)

const (
	conditions = Readable | Priority | Writable | Errored | Hangup | ReadHangup
	modes      = OneShot | Edge
	// unasked are the conditions that mechanisms report whether they were requested or not.
	unasked = Errored | Hangup
)

var interestNames = []bitnames.Name{
	{Value: uint64(Readable), Text: "Readable"},
	{Value: uint64(Writable), Text: "Writable"},
	{Value: uint64(Priority), Text: "Priority"},
	{Value: uint64(Hangup), Text: "Hangup"},
	{Value: uint64(ReadHangup), Text: "ReadHangup"},
	{Value: uint64(Errored), Text: "Errored"},
	{Value: uint64(Edge), Text: "Edge"},
	{Value: uint64(OneShot), Text: "OneShot"},
}

// String returns the names joined with |, unknown bits in hexadecimal, and 0 for the empty set.
func (i Interest) String() string { return bitnames.Format(uint64(i), interestNames) }
