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

// Event is one source that is ready.
type Event[K any] struct {
	Key   K        // as given to Register
	Ready Interest // the conditions that hold; empty unless Kind is KindIO
	Kind  Kind
	armed uint16 // of the registration when the event was taken
	// Status depends on Kind. Expirations, Signal, ExitStatus and Change return it.
	Status int
	// Registration is the one that Register returned.
	Registration *Registration[K]
}

// Expirations returns how often a timer or ticker has expired since its last event. It returns 0
// for other kinds.
func (e Event[K]) Expirations() int { return e.ifKind(KindTimer) }

// Signal returns the signal that has arrived, and 0 for other kinds.
func (e Event[K]) Signal() syscall.Signal { return syscall.Signal(e.ifKind(KindSignal)) }

// ExitStatus returns how a process has exited: its exit status, or the negated number of the signal
// that killed it. It is not known if the kernel does not report it, and for other kinds.
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

// posting is an event that does not come from the kernel: it is of a source without a
// descriptor, or was put back.
type posting[K any] struct {
	registration *Registration[K]
	tag          uint32
	ready        Interest
	status       int
	ended        bool // the event was taken, and has ended the registration
}

// deliver turns what the kernel has reported, and what is pending, into events, as far as there is
// room. now is the time if a timer has expired, otherwise 0. It drops what the kernel has reported
// of registrations that are gone.
func (p *Poller[K]) deliver(b *backend.Batch, events []Event[K], now int64) (n int, err error) {
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
	if p.orphans > 0 && p.policy.renewalDue(p.count) {
		err = p.renew()
	}
	if p.pending.Load() > 0 {
		n += p.deliverPending(events[n:])
	}
	if now > 0 {
		n += p.deliverExpired(events[n:], now)
	}
	if n > 0 {
		err = nil // it will come again
	}
	return n, err
}

// isOf reports whether an event with that tag is of r, and not of another registration of the
// same descriptor.
func (p *Poller[K]) isOf(r *Registration[K], tag uint32) bool {
	if p.can.Exact {
		return r.tag == tag && !r.always
	}
	return int32(r.tag-tag) <= 0 // the numbers may begin anew
}

// fill makes the event of r, and reports whether there is one.
func (p *Poller[K]) fill(event *Event[K], r *Registration[K], reported epoll.Events) bool {
	if !p.can.Exact || p.can.Late {
		// These mechanisms go by the number alone.
		if reported&backend.Vanished != 0 || r.isClosed() {
			r.vanish()
			return false
		}
	}
	if r.disarmed {
		return false // another goroutine was faster, or the other direction
	}
	ready := Interest(reported) & (r.interest | unasked) & conditions
	if ready == 0 {
		return false // it was modified meanwhile
	}
	status := 0
	switch r.kind {
	case KindProcess:
		ready, status = 0, r.takeExit()
		r.end()
	case kindPaths:
		p.collectPaths()
		return false
	}
	if r.interest&OneShot != 0 {
		r.disarm()
	}
	// One by one: as a whole the event would be copied.
	event.Key, event.Ready, event.Kind, event.Status, event.Registration = r.key, ready, r.kind, status, r
	event.armed = r.armed
	return true
}

// deliverPending hands out what was posted, and then, in turns, the sources that are always ready.
func (p *Poller[K]) deliverPending(events []Event[K]) (n int) {
	taken := 0
	for _, post := range p.posted {
		if n == len(events) {
			break
		}
		taken++
		if r := post.registration; post.ended || r.live && r.tag == post.tag {
			events[n] = Event[K]{r.key, post.ready, r.kind, r.armed, post.status, r}
			n++
			if r.kind == KindProcess && r.live {
				r.end()
			}
		}
	}
	rest := copy(p.posted, p.posted[taken:])
	clear(p.posted[rest:])
	p.posted = p.posted[:rest]

	for range len(p.always) {
		if n == len(events) {
			break
		}
		r := p.always[0]
		if !r.isOpen() {
			r.vanish()
			continue
		}
		p.always = append(p.always[:0], p.always[1:]...)
		events[n] = Event[K]{r.key, r.interest & (Readable | Writable), r.kind, r.armed, 0, r}
		n++
		if r.interest&modes != 0 { // such a source has one edge, and never another
			r.disarmed = true
		} else {
			p.always = append(p.always, r)
		}
	}
	p.countPending()
	return n
}

// isOpen reports whether the descriptor of a source that is always ready is open, as far as that
// can be seen. The kernel does not watch such a source.
func (r *Registration[K]) isOpen() bool { return !r.isClosed() && sys.IsOpen(int(r.fd)) }

func (p *Poller[K]) countPending() { p.pending.Store(int64(len(p.always) + len(p.posted))) }

// post makes an event of a source that has no descriptor. Events that were not handed out yet
// become one.
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
	p.posted = append(p.posted, posting[K]{registration: r, tag: r.tag, status: status})
	p.countPending()
}

// putBack makes the next Wait return events that were taken. It leaves out levels, and sources
// that were modified since: the kernel reports them again.
func (p *Poller[K]) putBack(events []Event[K]) {
	p.mu.Lock()
	for _, event := range events {
		if r := event.Registration; event.isCurrent() && (r.interest&modes != 0 || r.kind != KindIO) {
			p.posted = append(p.posted, posting[K]{r, r.tag, event.Ready, event.Status, !r.live})
		}
	}
	p.countPending()
	p.mu.Unlock()
	p.backend.Wake()
}

// isCurrent reports whether an event that was taken is still to be reported: its source was neither
// modified, reset nor unregistered since. The exit of a process has ended its registration.
func (e *Event[K]) isCurrent() bool {
	r := e.Registration
	return r.armed == e.armed && (r.live || r.kind == KindProcess)
}

// dropPosted forgets events of r that nobody has taken yet. The kernel reports anew what is ready
// after a change.
func (p *Poller[K]) dropPosted(r *Registration[K]) {
	if len(p.posted) == 0 {
		return
	}
	rest := p.posted[:0]
	for _, post := range p.posted {
		if post.registration != r {
			rest = append(rest, post)
		}
	}
	clear(p.posted[len(rest):])
	p.posted = rest
	p.countPending()
}

// renew drops registrations that the kernel keeps reporting and that nobody can remove.
func (p *Poller[K]) renew() error {
	p.policy.stale = 0 // if it fails, as many again have to come
	kernel, ok := p.backend.(backend.Renewer)
	if !ok || p.isClosed.Load() {
		return nil
	}
	var lost []*Registration[K]
	err := kernel.Renew(func(move backend.Move) {
		for _, r := range p.table.All() {
			if !p.move(r, move) {
				lost = append(lost, r)
			}
		}
	})
	for _, r := range lost {
		r.tag = p.nextTag()
		r.vanish()
	}
	if err != nil {
		return waitFailure(err)
	}
	for _, r := range p.table.All() {
		r.absent = r.absent || r.disarmed && !r.always
	}
	p.orphans = 0
	return nil
}

// move puts r into a new kernel object, and reports whether its descriptor still is what was
// registered. It gets a new tag, so that what others have taken from the old object is stale; the
// new one reports it again. A disarmed registration stays behind, for Modify to add.
func (p *Poller[K]) move(r *Registration[K], move backend.Move) bool {
	if r.gone || r.absent || r.disarmed || r.always {
		return true
	}
	tag := p.nextTag()
	switch move(int(r.fd), backend.Interest(r.interest), tag) {
	case backend.MovedOver, backend.Kept:
		r.tag = tag
	case backend.Replaced:
		return false
	case backend.Untouched:
	}
	return true
}
