package iomux

import "iomux/internal/bitnames"

// Interest is a set of conditions that a source is watched for, together with the mode in which they are reported. It prints
// as Readable|Edge. What is ready comes back as a set of the conditions, without the modes.
//
// This is how the conditions are asked for, and told, by each mechanism:
//
//	           epoll          kqueue                   poll *    select
//	Readable   EPOLLIN        EVFILT_READ              POLLIN    set of readers; hang-ups and errors are seen as Readable, too
//	Writable   EPOLLOUT       EVFILT_WRITE             POLLOUT   set of writers; errors are seen as Writable, too
//	Priority   EPOLLPRI       EVFILT_EXCEPT, NOTE_OOB  POLLPRI   set of exceptions
//	Hangup     EPOLLHUP       EV_EOF, then POLLHUP     POLLHUP   cannot be told
//	ReadHangup EPOLLRDHUP     EV_EOF of EVFILT_READ    POLLRDHUP cannot be told
//	Errored    EPOLLERR       EV_EOF, then POLLERR     POLLERR   cannot be told
//	Edge       EPOLLET        EV_CLEAR                 -         -
//	OneShot    EPOLLONESHOT   EV_DISPATCH              by us     by us
//
// * and devpoll, and event ports.
//
// On Windows, afd, devpoll and poll tell all of epoll's conditions of sockets, except that a reset is Hangup without Errored, a
// refused connection Errored without Hangup, and both directions shut down ReadHangup without Hangup. They have no Edge.
//
// All but select report Hangup and Errored whether they were asked for or not. POLLRDHUP exists on Linux, FreeBSD and
// illumos, EVFILT_EXCEPT on macOS, OpenBSD and DragonFly. kqueue sees each direction by itself: when the one that is watched comes
// to its end (reading, if neither is), poll(2) is asked what has ended; the end of a direction that is not watched is not seen. A
// TCP socket that was never connected is ready for nothing with kqueue, and Writable|Hangup with epoll and poll on Linux.
//
// To ask for what a mechanism cannot do is errors.ErrUnsupported; Poller.Supports tells beforehand. Which conditions a kernel
// reports together is its own choice: Linux reports a pipe whose writers are gone as Hangup, the BSDs as Readable|Hangup. So a
// reader reads on any of them, until the end of the file.
type Interest uint32

// The conditions and modes. Without a mode, a condition is reported by each Wait for as long as it lasts: level-triggered. Their
// numbers are those of epoll(7), on every system.
const (
	Readable   Interest = 0x1    // reading would not block: data, the end of the file, a connection to accept, or an error
	Priority   Interest = 0x2    // urgent data, or what a file has out of turn: a change of /proc/self/mountinfo, a pressure stall
	Writable   Interest = 0x4    // writing would not block, or a connection was made or refused
	Errored    Interest = 0x8    // an error is waiting to be read, or the reading end of a pipe has gone
	Hangup     Interest = 0x10   // both directions are shut down, or all writing ends of a pipe have gone
	ReadHangup Interest = 0x2000 // the peer has shut down its writing side, or all of it: it has gone, though data may be left to read

	OneShot Interest = 1 << 30 // report once, then be silent until Registration.Modify
	Edge    Interest = 1 << 31 // report when something arrives, not while it is there: read and write until EAGAIN
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

// String is the set's names joined by |, bits without a name in hexadecimal, and 0 for the empty set.
func (i Interest) String() string { return bitnames.Format(uint64(i), interestNames) }
