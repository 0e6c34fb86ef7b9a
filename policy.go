package iomux

import (
	"runtime"
	"sync/atomic"
	"time"

	"iomux/internal/backend"
)

// policy makes the decisions of a wait that affect speed and fairness, but not correctness:
//
//	Wait ──► lookFirst? ──yes──► look ──found──────────────► yield? ──► return
//	              │               │ until all were asked          ▲
//	              no           nothing                            │
//	              ▼               ▼                               │
//	          take the turn ──► sleep ──► deliver ──found─────────┤
//	              │                          │ at once: lookFirst │
//	          another has it                                      │
//	              ▼                                               │
//	          look ──nothing──► wait for the turn or the timeout ─┘
//
// All fields but lookFirst are guarded by the Poller's lock.
type policy struct {
	// lookFirst is set if a sleep found an event at once. A saturated loop then takes the
	// events with one lock and one system call, and does not prepare to sleep.
	lookFirst atomic.Bool
	// sinceYield counts waits and events since the last yield to other goroutines.
	sinceYield int
	// pendingFirst alternates. It decides whether a pending or a kernel event gets the only
	// place.
	pendingFirst bool
	// ownFirst decides which kind of pending events gets the first places: see deliverOwn.
	ownFirst uint8
	// stale counts the dropped events of former registrations since the last renewal.
	stale int
	// stuck is set if the last renewal failed, so that the stale events continue.
	stuck bool
}

const (
	// pause is the time between the sleeps of a wait that finds nothing but stale events.
	pause = time.Millisecond
	// yieldAfter is the number of waits and events after which other goroutines run. Taking
	// ready events bypasses the scheduler, which would cost a quarter of the time. Without a
	// yield, other goroutines would wait up to 40 ms. A yield costs about 20 µs, so it must be
	// rare.
	yieldAfter = 2048
)

// yieldDue reports whether it is time for other goroutines to run, now that n events were taken.
func (p *policy) yieldDue(n int) bool {
	p.sinceYield += n + 1
	if p.sinceYield <= yieldAfter {
		return false
	}
	p.sinceYield = 0
	return true
}

// reserve returns how many of the room places are kept for the Poller's pending events: up to half
// of them. A single place is kept every other time.
func (p *policy) reserve(room, pending int) int {
	if p.pendingFirst = !p.pendingFirst; p.pendingFirst {
		room++
	}
	return min(room/2, pending)
}

// renewalDue reports whether so many events were stale that a new kernel object pays off.
// Concurrent goroutines cause a few. A registration that cannot be removed causes many.
func (p *policy) renewalDue(registered int) bool { return p.stale > 8+registered/64 }

// unlock releases the lock after n events were taken, and yields to other goroutines if it is time.
func (p *Poller[K]) unlock(n int) {
	yield := p.policy.yieldDue(n)
	p.mu.Unlock()
	if yield {
		runtime.Gosched()
	}
}

// renew replaces the kernel object, to drop registrations that cannot be removed but are still
// reported. If the system has no room for a new object, the old one remains, which reports every
// registration.
func (p *Poller[K]) renew() {
	kernel, ok := p.backend.(backend.Renewer)
	if !ok || p.isClosed.Load() || !p.descriptors.TryLockAll() {
		return
	}
	defer p.descriptors.UnlockAll()
	p.policy.stale = 0 // after a failure, the next try needs as many stale events again
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
		r.markGone()
	}
	p.policy.stuck = err != nil
	if err == nil {
		p.orphans.Store(0)
	}
}

// move registers r in a new kernel object, and reports whether its descriptor still belongs to the
// registered file. The new tag makes events stale that other goroutines have taken from the old
// object. The new object reports them again.
func (p *Poller[K]) move(r *Registration[K], move backend.Move) bool {
	if r.gone || r.alwaysReady {
		return true
	}
	interest, tag := r.backendInterest(), p.nextTag()
	if r.arming.load().isDisarmed() { // take drops the one hang-up that can be reported
		interest, tag = backend.OneShot, r.tag
	}
	switch move(int(r.fd), interest, tag) {
	case backend.MovedOver, backend.Kept:
		r.tag = tag
	case backend.Replaced:
		return false
	case backend.Untouched:
	}
	return true
}
