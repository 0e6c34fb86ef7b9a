package iomux

import (
	"fmt"
	"sync/atomic"

	"iomux/internal/backend"
	"iomux/internal/bitnames"
)

// Interest is a set of conditions to wait for, and the mode in which they are reported. Event.Ready
// holds conditions only. An Interest is formatted as Readable|Edge.
//
// After Readable, Hangup, ReadHangup or Errored, a reader should read until the end of the file or
// an error. Which of them arrive together differs per system. For a pipe without writers, Linux
// reports Hangup, and the BSDs report Readable|Hangup.
//
// [Poller.Supports] reports whether the mechanism has a condition or mode. Register returns
// errors.ErrUnsupported for any other. All mechanisms except select always report Hangup and
// Errored, requested or not.
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
// (1) The same applies to devpoll and event ports. (2) Hang-ups and errors are reported as
// Readable, and errors also as Writable.
//
// POLLRDHUP exists on Linux, FreeBSD and illumos, and EVFILT_EXCEPT on macOS, OpenBSD and
// DragonFly. With kqueue, a TCP socket that was never connected has no events. With epoll and poll
// on Linux it is Writable|Hangup.
//
// On Windows, afd, devpoll and poll report all conditions of sockets, but do not support Edge.
// There a reset connection is Hangup without Errored, and a refused one is Errored without Hangup.
// A connection that both sides have shut down is ReadHangup without Hangup.
type Interest uint32

// Conditions and modes. Without a mode, a condition is level-triggered: every Wait reports it until
// it ends. The numbers are those of epoll(7) on every system.
const (
	// Readable means that reading would not block: there is data, the end of the file, a
	// connection to accept, or an error.
	Readable Interest = 0x1
	// Priority means that there is urgent data, or that a file such as /proc/self/mountinfo or
	// a pressure-stall trigger has changed.
	Priority Interest = 0x2
	// Writable means that writing would not block, or that an attempt to connect has ended.
	Writable Interest = 0x4
	// Errored means that an error is pending, or that the reading end of a pipe was closed.
	Errored Interest = 0x8
	// Hangup means that both directions of a connection are shut down, or that all writing ends
	// of a pipe were closed.
	Hangup Interest = 0x10
	// ReadHangup means that the peer will send no more data, although earlier data may be left
	// to read. The peer has closed the connection, or has shut down its writing side and may
	// still read. To distinguish the two, check for Hangup or Errored, or write to the
	// connection.
	ReadHangup Interest = 0x2000

	// OneShot reports a source once. [Registration.Modify] arms it again.
	OneShot Interest = 1 << 30
	// Edge reports new arrivals only, not a condition that lasts. After an event, read or write
	// until EAGAIN.
	Edge Interest = 1 << 31
)

const (
	conditions = Interest(backend.Conditions)
	modes      = Interest(backend.Modes)
	// alwaysReported holds the conditions that mechanisms report without a request.
	alwaysReported = Errored | Hangup
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

// String returns the names joined by |, with unknown bits in hexadecimal. It returns 0 for the
// empty set.
func (i Interest) String() string { return bitnames.Format(uint64(i), interestNames) }

// arming is the part of a registration that Modify replaces. It is one word, because a waiting
// goroutine delivers events while another goroutine modifies their registration.
type arming uint64

// disarmed is set in an arming if its one-shot event was reported. The bits below it count the
// calls of Modify, and the upper half is the interest.
const disarmed arming = 1 << 16

func newArming(interest Interest, count uint16) arming {
	return arming(interest)<<32 | arming(count)
}

func (a arming) interest() Interest { return Interest(a >> 32) }

func (a arming) count() uint16 { return uint16(a) }

func (a arming) isDisarmed() bool { return a&disarmed != 0 }

// atomicArming is the current arming of a registration. It changes with the lock of the descriptor
// or the Poller's lock held. Only Modify holds the former alone.
type atomicArming struct{ word atomic.Uint64 }

func (c *atomicArming) load() arming { return arming(c.word.Load()) }

func (c *atomicArming) store(a arming) { c.word.Store(uint64(a)) }

func (c *atomicArming) swap(a arming) (before arming) { return arming(c.word.Swap(uint64(a))) }

func (c *atomicArming) replace(before, after arming) bool {
	return c.word.CompareAndSwap(uint64(before), uint64(after))
}

// Modify replaces the conditions and the mode. It arms a one-shot registration again. An
// edge-triggered registration reports again what is ready now. Modify does not allocate. If it
// fails, the registration is unchanged.
//
// Errors: [ErrNotRegistered]; EBADF or ENOENT if the source was closed; errors.ErrUnsupported if
// the mechanism does not support interest, and for timers, signals, processes and paths;
// os.ErrClosed if the Poller is closed.
func (r *Registration[K]) Modify(interest Interest) error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: modify: %w", ErrNotRegistered)
	}
	lock := p.descriptors.Lock(r.fd)
	defer lock.Unlock()
	var err error
	if p.can.Parallel && r.isWatched() && p.backend.Supports(backend.Interest(interest)) && !p.isClosed.Load() {
		err = r.rearm(interest, r.tag)
	} else {
		p.mu.Lock()
		defer p.mu.Unlock()
		err = r.modify(interest)
	}
	if err != nil {
		return failure("modify", int(r.fd), err)
	}
	return nil
}

// isWatched reports whether the mechanism has the registration, which belongs to a descriptor of
// the caller.
func (r *Registration[K]) isWatched() bool {
	return r.kind == KindIO && r.live && !r.alwaysReady && !r.gone
}

// modify is Modify with the Poller's lock held.
func (r *Registration[K]) modify(interest Interest) error {
	p := r.poller
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return ErrNotRegistered
	case r.kind != KindIO:
		return errNotModifiable
	case !p.backend.Supports(backend.Interest(interest)):
		return p.errInterest(interest)
	case r.gone, (r.alwaysReady || !p.can.Exact) && !r.isOpen():
		return errSourceClosed
	case r.alwaysReady && interest&(Readable|Writable) == 0:
		return ErrNotPollable
	case r.alwaysReady:
		before := r.arming.swap(newArming(interest, r.arming.load().count()+1))
		if before.isDisarmed() {
			p.addAlwaysReady(r)
		}
		return nil
	}
	tag := r.tag
	if !p.can.Exact {
		tag = p.nextTag() // makes earlier events stale
	}
	err := r.rearm(interest, tag)
	if err != nil {
		return err
	}
	r.tag = tag
	p.announce()
	return nil
}

// rearm changes the registration in the mechanism. The new arming is visible before the call: an
// event that the kernel reports during the call already belongs to it.
func (r *Registration[K]) rearm(interest Interest, tag uint32) (err error) {
	b := r.poller.backend
	after := newArming(interest, r.arming.load().count()+1)
	before := r.arming.swap(after)
	err = b.Modify(int(r.fd), backend.Interest(before.interest()), backend.Interest(interest), tag)
	if err == backend.ErrAlwaysReady { // a regular file has the number now
		err = errSourceClosed
	}
	if err != nil && !r.arming.replace(after, before) {
		// Another goroutine has just taken the one-shot event of the former arming.
		r.arming.store(newArming(before.interest(), after.count()) | disarmed)
	}
	return err
}
