// Package backend adapts each mechanism to the portable Poller. The Poller uses the mechanisms only
// through the interface [Backend], whose comment states their common contract.
//
// docs/waiting.md shows the protocol between the Poller and a backend as a diagram.
package backend

import (
	"time"

	"iomux/epoll"
)

// Interest is a set of conditions and modes, in the numbers of epoll(7). The Poller's own type
// has the same numbers.
type Interest uint32

// The conditions and modes.
const (
	Readable   = Interest(epoll.In)
	Priority   = Interest(epoll.Pri)
	Writable   = Interest(epoll.Out)
	Errored    = Interest(epoll.Err)
	Hangup     = Interest(epoll.Hup)
	ReadHangup = Interest(epoll.RdHup)
	OneShot    = Interest(epoll.OneShot)
	Edge       = Interest(epoll.ET)

	Conditions = Readable | Priority | Writable | Errored | Hangup | ReadHangup
	Modes      = OneShot | Edge
)

// Backend is a mechanism as the Poller uses it.
//
// The Poller calls Add, Modify, Remove, Forget, Look and Close with its lock held. So two of them
// never run at the same time. Any of them may run during a Sleep, and does not wait for it.
//
// If Traits.Parallel is set, the Poller calls Add, Modify and Remove without its lock. They may
// then run at the same time as other calls, except another call for the same descriptor, Renew and
// Close. Events may be reported before the Add or Modify that requested them returns.
//
// # Tags
//
// Every Add gets a tag greater than all earlier ones. No tag is 0. Traits.Exact decides which tag
// an event carries. An exact backend reports the tag of the registration, which Modify keeps. Any
// other backend also gets a new tag with each Modify, and reports the newest tag known when its
// system call started. The Poller drops such an event if the descriptor's own tag is newer, because
// the registration was added or modified after the call started.
//
// # Waiting
//
// Look takes ready events without waiting. Sleep waits until an event is ready, the timeout expires
// or Wake is called, and takes ready events. A negative timeout never expires. Sleep may return
// early and without events. One goroutine sleeps at a time, without the Poller's lock.
//
// Before Sleep blocks, it makes itself visible to Wake and then calls Owner.MaySleep. If that
// returns false, Sleep returns at once. So Sleep never misses a change that MaySleep checks and
// that a Wake follows. Wake may be called at any time, does not block, and costs one atomic load if
// nobody sleeps.
//
// Each event is taken from the kernel once: an edge-triggered or one-shot event is in one batch
// only. A backend's own wake-up descriptor is never in a batch.
//
// # Closing
//
// Close interrupts a Sleep. All later calls fail with os.ErrClosed or do nothing.
type Backend interface {
	// Supports reports whether the mechanism can report every bit of interest.
	Supports(interest Interest) bool
	Add(fd int, interest Interest, tag uint32) error
	// Modify changes a registration. If it fails, the registration is unchanged.
	Modify(fd int, before, interest Interest, tag uint32) error
	// Remove reports whether the kernel has removed the registration. It has not if the
	// descriptor was closed or now belongs to another file.
	Remove(fd int, interest Interest) (removed bool)
	// Forget is Remove for a descriptor that was closed, belongs to another file, or has
	// reported its one-shot event.
	Forget(fd int, interest Interest)
	Look(batch *Batch) error
	Sleep(batch *Batch, timeout time.Duration, owner Owner) error
	Wake()
	Close() error
	Traits() Traits
}

// Traits describe a backend to the Poller.
type Traits struct {
	Exact    bool // an event has its registration's tag, and Add refuses a second registration
	Parallel bool // changes of different descriptors may run side by side; needs Exact and Live
	Live     bool // a Sleep sees changes; otherwise the Poller calls Wake after a change
	OneShot  bool // it has a one-shot mode; otherwise the Poller calls Forget after an event
	Late     bool // a closed descriptor, or the next file of its number, may appear briefly
}

// Owner gives a backend access to the Poller during Sleep.
type Owner interface {
	// MaySleep reports whether the backend may block. It returns false if the sleeper must
	// handle something first. It takes no lock that is held during Add, Modify, Remove or
	// Close.
	MaySleep() bool
	// Inspect calls matches with some of the registered descriptors, beginning with the number
	// from, and returns where to go on, or -1 at the end. It calls found with those that match
	// and are still registered. It holds the Poller's lock only during found.
	Inspect(from int, matches func(fd int) bool, found func(fd int)) (next int)
}

// Renewer is a backend whose kernel object can hold registrations that cannot be removed.
type Renewer interface {
	// Renew replaces the kernel object. It calls each once, which calls move for every
	// registration. If Renew fails, the old object stays in use.
	Renew(each func(move Move)) error
}

// Move puts one registration into the new kernel object, with a new tag.
type Move func(fd int, interest Interest, tag uint32) Moved

// Moved is the result of a [Move].
type Moved uint8

// The results of a [Move].
const (
	MovedOver Moved = iota // the registration is in the new object, under the new tag
	Replaced               // the descriptor is closed, or belongs to another file
	Kept                   // the move failed: it has the new tag in the old object
	Untouched              // the move failed: it has the old tag in the old object
)

// Vanished is the event of a descriptor that is no longer open. The backend has dropped it.
const Vanished epoll.Events = 0x20

// wakerTag is the tag of a backend's own wake-up descriptor.
const wakerTag = 0

// Batch receives the events that one goroutine takes from the kernel.
type Batch struct {
	Room   int // the largest number of events to take
	Events []epoll.Event
	N      int
	Busy   bool // Sleep found an event at once, so a Look before the next Sleep pays off
	Hidden bool // a wake-up took the last place, so another Look may find an event
}

// maxBatch is the largest number of events that one call takes. A larger batch is not faster.
const maxBatch = 1024

// MakeRoom prepares the batch for up to n events.
func (b *Batch) MakeRoom(n int) {
	b.Room = min(n, maxBatch)
	if len(b.Events) < b.Room {
		b.Events = make([]epoll.Event, b.Room)
	}
}

// Source identifies the registration of one of the events. It is 0 if there is none.
func (b *Batch) Source() uint64 {
	if b.N == 0 {
		return 0
	}
	return b.Events[0].Data()
}

func (b *Batch) add(event epoll.Event) {
	b.Events[b.N] = event
	b.N++
}
