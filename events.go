package iomux

import (
	"math"
	"strconv"
	"syscall"

	"iomux/epoll"
	"iomux/internal/backend"
	"iomux/internal/sys"
)

// Kind is the kind of source that an event is about.
type Kind uint8

// The kinds.
const (
	KindIO      Kind = iota // a descriptor is ready: Event.Ready holds the conditions
	KindTimer               // a timer or ticker has expired: Event.Expirations
	KindSignal              // a signal has arrived: Event.Signal
	KindProcess             // a process has exited: Event.ExitStatus
	KindPath                // a path has changed: Event.Change

	kindPaths // the Poller's own descriptor for paths
)

var kindNames = [...]string{KindIO: "io", KindTimer: "timer", KindSignal: "signal", KindProcess: "process", KindPath: "path"}

// String returns io, timer, signal, process or path.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// StatusUnknown is the Status of an exited process if the kernel does not report one.
// [Event.ExitStatus] returns false for it.
const StatusUnknown = math.MinInt

// Event reports one ready source.
type Event[K any] struct {
	Key   K        // the key passed to Register
	Ready Interest // the ready conditions; 0 unless Kind is KindIO
	Kind  Kind
	armed uint16 // the count of the registration's arming when the event was taken
	// Status depends on Kind. Expirations, Signal, ExitStatus and Change return it.
	Status int
	// Registration is the one that Register returned.
	Registration *Registration[K]
}

// Expirations returns the number of times that a timer or ticker has expired since its last event.
// It returns 0 for other kinds.
func (e Event[K]) Expirations() int { return e.ifKind(KindTimer) }

// Signal returns the signal that has arrived, and 0 for other kinds.
func (e Event[K]) Signal() syscall.Signal { return syscall.Signal(e.ifKind(KindSignal)) }

// ExitStatus returns how a process has exited: its exit status, or the negated number of the signal
// that killed it. known is false if the kernel does not report the status, and for other kinds.
func (e Event[K]) ExitStatus() (status int, known bool) {
	if e.Status == StatusUnknown {
		return 0, false
	}
	return e.ifKind(KindProcess), e.Kind == KindProcess
}

// Change returns what has happened to a path, and 0 for other kinds.
func (e Event[K]) Change() Change { return Change(e.ifKind(KindPath)) }

func (e Event[K]) ifKind(kind Kind) int {
	if e.Kind != kind {
		return 0
	}
	return e.Status
}

// postedEvent is a pending event that does not come from the kernel. Its source has no descriptor,
// or the event was put back.
type postedEvent[K any] struct {
	registration *Registration[K]
	tag          uint32
	ready        Interest
	status       int
	armed        uint16 // Event.armed
	ended        bool   // the event was taken, and has ended the registration
}

// deliver stores kernel events, pending events and expired timers in events, as far as there is
// room. now is the time if a timer has expired, otherwise 0. Kernel events of former registrations
// are dropped.
func (p *Poller[K]) deliver(b *backend.Batch, events []Event[K], now int64) (n int) {
	for i := range b.Events[:b.N] {
		event := &b.Events[i]
		r := p.table.Get(event.FD)
		switch {
		case r == nil || !p.isOf(r, event.Tag):
			p.policy.stale++
		case p.fill(&events[n], r, event.Events):
			n++
		}
	}
	if p.orphans.Load() > 0 && p.policy.renewalDue(p.count) {
		p.renew()
	}
	if n < len(events) && (p.pending.Load() > 0 || now > 0) {
		n += p.deliverOwn(events[n:], now)
	}
	return n
}

// isOf reports whether an event with this tag belongs to r, not to another registration of the same
// descriptor.
func (p *Poller[K]) isOf(r *Registration[K], tag uint32) bool {
	if p.can.Exact {
		return r.tag == tag && !r.alwaysReady
	}
	return int32(r.tag-tag) <= 0 // tags wrap around
}

// fill stores an event of r, and reports whether there is one.
func (p *Poller[K]) fill(event *Event[K], r *Registration[K], reported epoll.Events) bool {
	if !p.can.Exact || p.can.Late {
		// These mechanisms identify a source by its number alone.
		if reported&backend.Vanished != 0 || r.isClosed() {
			r.markGone()
			return false
		}
	}
	now, ready := r.take(reported)
	if ready == 0 {
		return false
	}
	status := 0
	switch r.kind {
	case KindProcess:
		ready, status = 0, r.takeExit()
		r.unregister()
	case kindPaths:
		p.collectPaths()
		return false
	}
	// Field by field, because a composite literal would be copied.
	event.Key, event.Ready, event.Kind, event.Status, event.Registration = r.key, ready, r.kind, status, r
	event.armed = now.count()
	return true
}

// take returns the arming of r and the reported conditions that belong to it, and disarms a
// one-shot registration. There are no conditions if r was modified in the meantime, or if its
// one-shot event was already reported, to another goroutine or in the other direction.
func (r *Registration[K]) take(reported epoll.Events) (now arming, ready Interest) {
	for {
		now = r.arming.load()
		ready = Interest(reported) & (now.interest() | alwaysReported) & conditions
		if ready == 0 || now.isDisarmed() {
			return now, 0
		}
		if now.interest()&OneShot == 0 {
			return now, ready
		}
		if r.arming.replace(now, now|disarmed) {
			if p := r.poller; !p.can.OneShot {
				p.backend.Forget(int(r.fd), r.backendInterest())
			}
			return now, ready
		}
	}
}

// deliverOwn stores pending events and expired timers. The three kinds take turns to be the first.
func (p *Poller[K]) deliverOwn(events []Event[K], now int64) (n int) {
	p.policy.ownFirst = (p.policy.ownFirst + 1) % 3
	for i := range uint8(3) {
		switch (p.policy.ownFirst + i) % 3 {
		case 0:
			n += p.deliverPosted(events[n:])
		case 1:
			n += p.deliverAlwaysReady(events[n:])
		case 2:
			n += p.deliverExpired(events[n:], now)
		}
	}
	p.countPending()
	return n
}

func (p *Poller[K]) deliverPosted(events []Event[K]) (n int) {
	taken := 0
	for _, post := range p.posted {
		if n == len(events) {
			break
		}
		taken++
		if r := post.registration; post.isCurrent() {
			events[n] = Event[K]{r.key, post.ready, r.kind, post.armed, post.status, r}
			n++
			if r.kind == KindProcess && r.live {
				r.unregister()
			}
		}
	}
	rest := copy(p.posted, p.posted[taken:])
	clear(p.posted[rest:])
	p.posted = p.posted[:rest]
	return n
}

// deliverAlwaysReady stores events of the always-ready sources, which take turns.
func (p *Poller[K]) deliverAlwaysReady(events []Event[K]) (n int) {
	for range len(p.alwaysReady) {
		if n == len(events) {
			break
		}
		r := p.alwaysReady[0]
		if !r.isOpen() {
			r.markGone()
			continue
		}
		p.alwaysReady = append(p.alwaysReady[:0], p.alwaysReady[1:]...)
		now := r.arming.load()
		events[n] = Event[K]{r.key, now.interest() & (Readable | Writable), r.kind, now.count(), 0, r}
		n++
		if now.interest()&modes != 0 { // an always-ready source has a single edge
			r.arming.store(now | disarmed)
		} else {
			p.alwaysReady = append(p.alwaysReady, r)
		}
	}
	return n
}

// addAlwaysReady adds r to the always-ready sources.
func (p *Poller[K]) addAlwaysReady(r *Registration[K]) {
	p.alwaysReady = append(p.alwaysReady, r)
	p.countPending()
	p.backend.Wake()
}

// removeAlwaysReady removes r from the always-ready sources.
func (r *Registration[K]) removeAlwaysReady() {
	p := r.poller
	for i, other := range p.alwaysReady {
		if other == r {
			p.alwaysReady = append(p.alwaysReady[:i], p.alwaysReady[i+1:]...)
			p.countPending()
			return
		}
	}
}

// isOpen reports whether the descriptor of a source that the kernel does not watch is still open,
// and whether an always-ready source is still the registered file.
func (r *Registration[K]) isOpen() bool {
	switch {
	case r.isClosed():
		return false
	case r.alwaysReady:
		return sys.Identify(int(r.fd)) == r.source.value.(alwaysReadyFile).file
	}
	return sys.IsOpen(int(r.fd))
}

func (p *Poller[K]) countPending() { p.pending.Store(int64(len(p.alwaysReady) + len(p.posted))) }

// post queues an event of a source without a descriptor. Events of one source are combined until a
// Wait returns them.
func (p *Poller[K]) post(r *Registration[K], status int) {
	p.mu.Lock()
	if r.live {
		p.postLocked(r, status)
	}
	p.mu.Unlock()
	p.backend.Wake()
}

func (p *Poller[K]) postLocked(r *Registration[K], status int) {
	for i := range p.posted {
		if p.posted[i].registration == r && p.posted[i].tag == r.tag {
			return
		}
	}
	p.posted = append(p.posted, postedEvent[K]{registration: r, tag: r.tag, status: status, armed: r.arming.load().count()})
	p.countPending()
}

// putBack makes the next Wait return events that were taken. It skips level-triggered and modified
// sources, because the kernel reports them again.
func (p *Poller[K]) putBack(events []Event[K]) {
	if len(events) == 0 {
		return
	}
	p.mu.Lock()
	for _, event := range events {
		if r := event.Registration; event.isCurrent() && (r.arming.load().interest()&modes != 0 || r.kind != KindIO) {
			p.posted = append(p.posted, postedEvent[K]{r, r.tag, event.Ready, event.Status, event.armed, !r.live})
		}
	}
	p.countPending()
	p.mu.Unlock()
	p.backend.Wake()
}

// isCurrent reports whether a taken event is still valid: the Poller was not closed after it, nor
// its source modified, reset or unregistered. The exit of a process is valid although it has ended
// the registration.
func (e *Event[K]) isCurrent() bool {
	r := e.Registration
	return !r.poller.isClosed.Load() && r.arming.load().count() == e.armed && (r.live || r.kind == KindProcess)
}

// isCurrent is like Event.isCurrent for a posted event. The kernel reports the event again if its
// registration was moved to a new kernel object.
func (post *postedEvent[K]) isCurrent() bool {
	r := post.registration
	return post.ended || r.live && r.tag == post.tag && r.arming.load().count() == post.armed
}
