package iomux

import (
	"errors"
	"fmt"
	"os"
	"time"

	"iomux/epoll"
	"iomux/internal/eventport"
	"iomux/poll"
)

// backend is a mechanism as a Poller uses it. Every implementation keeps this contract:
//
//   - add, modify, remove, forget, look and close are called with the Poller's lock held, so never two at once, but while a
//     goroutine sleeps. add, modify and remove do not wait for it. A sleep under way takes a change into account if wake is
//     called afterwards, or without that if live says so.
//   - Each tag that add is given is greater than all before. If exact says so, an event comes with the tag of its registration,
//     which modify keeps. Else modify is given a greater one, too, and an event comes with the greatest that was given before
//     the kernel was asked: a descriptor whose tag is greater than that was not asked for yet as it is now.
//   - look takes what is ready, without waiting.
//   - sleep waits until something is ready, the time is over (never, if it is negative) or wake is called, whichever comes
//     first, and takes what is ready. It may come back early and empty. One goroutine calls it at a time, without the Poller's
//     lock. Where something was ready at once, and look would have cost less, it may say so by atOnce. Before it blocks it
//     makes itself known to wake, and then calls ready: if that says false, it comes back at once. So nothing that ready looks
//     at and that changes before wake is called can be missed. ready takes no lock that is held over the calls above, which may
//     wait until a sleep has ended.
//   - Events are taken out of the kernel once: edge and one-shot ones are in one batch only.
//   - wake may be called at any time, does not block, and costs next to nothing while nobody sleeps.
//   - close ends a sleep under way. All calls after it fail with os.ErrClosed or do nothing.
//
// Interest and epoll.Events have the same numbers, so a batch holds epoll's events, whoever fills it. The only addition is
// vanished.
type backend interface {
	// supports reports whether every bit of interest can be told.
	supports(interest Interest) bool
	add(fd int, interest Interest, tag uint32) error
	modify(fd int, before, interest Interest, tag uint32) error
	// remove fails where the descriptor was closed or belongs to another file now.
	remove(fd int, interest Interest) error
	// forget is remove where that is known to be so, and not to be looked at.
	forget(fd int, interest Interest)
	look(b *batch) error
	sleep(b *batch, left time.Duration, ready func() bool) error
	wake()
	close() error
	traits() traits
}

// traits are what a Poller has to know about a backend.
type traits struct {
	exact   bool // events bear the tag of their registration, and add refuses what is registered
	live    bool // a sleep under way sees changes
	oneShot bool // one-shot mode is the mechanism's own; elsewhere the Poller removes what it has reported
	late    bool // what was closed may be reported for a moment, or what has its number then
}

// renewer is a backend whose kernel's object may hold registrations that cannot be removed.
type renewer interface {
	// renew replaces the object by a new one. For each registration that is to move, each calls move, which reports whether the
	// descriptor still is what was registered.
	renew(each func(move func(fd int, interest Interest, tag uint32) bool)) error
}

// vanished is what a backend reports of a descriptor that is not open any more. It does not wait for it again.
const vanished epoll.Events = 0x20

// bellTag is the tag of a backend's own descriptor, whose events the Poller passes over.
const bellTag = 0

// batch is what one goroutine takes from the kernel.
type batch struct {
	room   int // at most so many events
	events []epoll.Event
	n      int
	atOnce bool // a look before the next sleep is worth while
}

// maxBatch is how many events are taken at once: enough that more would not be faster.
const maxBatch = 1024

// open makes the backend of a mechanism.
func open(m Mechanism, blocking bool) (backend, error) {
	if m.Available() {
		switch m {
		case Epoll:
			return newEpollBackend(blocking)
		case Poll:
			return newPollBackend(poll.New(), false)
		case Select:
			return newSelectBackend()
		case Kqueue:
			return newKqueueBackend()
		case DevPoll:
			return newDevpollBackend()
		case EventPort:
			return newPortBackend(eventport.System)
		case AFD:
			return newAFDBackend()
		}
	}
	return nil, fmt.Errorf("iomux: mechanism %v: %w on this system", m, errors.ErrUnsupported)
}

// best is the mechanism that New takes.
func best() Mechanism {
	for _, m := range []Mechanism{Epoll, Kqueue, EventPort, AFD, Poll} {
		if m.Available() {
			return m
		}
	}
	return Select
}

var errClosed = fmt.Errorf("iomux: the poller is closed: %w", os.ErrClosed)
