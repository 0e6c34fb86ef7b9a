package iomux

import (
	"runtime"
	"sync/atomic"
)

// policy holds those decisions of a wait that concern speed and fairness, not correctness:
//
//	Wait ──► lookFirst? ──yes──► look ──found──────────────► yield? ──► return
//	              │               │ up to maxLooks times          ▲
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
	// lookFirst is set if a sleep found an event at once. A saturated loop then takes the events
	// with one lock and one system call, and does not prepare to sleep.
	lookFirst atomic.Bool
	// sinceYield counts waits and events since other goroutines were let run.
	sinceYield int
	// pendingFirst decides who gets the room of a batch of one.
	pendingFirst bool
	// stale counts the events of registrations that are gone, since the kernel holds some that
	// nobody can remove.
	stale int
}

const (
	// maxLooks bounds the looks of one wait. A look can find nothing but stale events, which hide
	// others.
	maxLooks = 8
	// yieldAfter is the number of waits and events after which other goroutines run. The calls that
	// take ready events do not involve the scheduler, which would cost a quarter of the time. Left
	// alone it would notice only after 40 ms. A yield costs some 20 µs, so it must be rare.
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

// reserve returns how many of room events are left to the Poller's own, of which there are
// pending: half, and of a single one every other time.
func (p *policy) reserve(room, pending int) int {
	if p.pendingFirst = !p.pendingFirst; p.pendingFirst {
		room++
	}
	return min(room/2, pending)
}

// renewalDue reports whether so many events were stale that a new kernel object pays off. A few
// come of goroutines that work side by side. Many come of a registration that cannot be removed.
func (p *policy) renewalDue(registered int) bool { return p.stale > 8+registered/64 }

// unlock releases the lock after n events were taken, and lets other goroutines run if it is time.
func (p *Poller[K]) unlock(n int) {
	yield := p.policy.yieldDue(n)
	p.mu.Unlock()
	if yield {
		runtime.Gosched()
	}
}
