//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"iomux/internal/timeout"
	"iomux/kqueue"
)

// isReady reports whether an Epoll that is registered in another one would return an event. The
// kernel reports a kqueue even after its events have ceased, until the program waits again.
func isReady(fd int) bool {
	e := epollOf(fd)
	if e == nil { // it is being closed
		return true
	}
	const room = 16
	kevents := e.kevents.Get(room)
	defer e.kevents.Put(kevents)
	ticket := e.enter()
	defer e.leave()
	e.mu.Lock() // until the events are renewed, because takeBeside counts on them
	defer e.mu.Unlock()
	tries, renewed := 0, true
	for round := timeout.Start(0); ; {
		taken, err := e.queue.Control(nil, kevents, 0)
		if e.inspect(kevents[:taken]) {
			return true
		}
		if taken == room && err == nil && round.LookAgain(sourceOf(&kevents[0])) {
			continue
		}
		if !renewed || tries == attempts || e.isAlone(ticket) {
			return false
		}
		tries++
		renewed = e.renewLasting()
	}
}

// inspect reports whether the kernel's events contain a ready descriptor. It makes the kernel
// report these events again. The caller holds the lock.
func (e *Epoll) inspect(kevents []kqueue.Event) (ready bool) {
	events := e.inspected.Get(len(kevents))
	defer e.inspected.Put(events)
	for i, entry := range e.evaluate(kevents, events) {
		if events[i].Events != 0 && entry.events&(ET|OneShot) != 0 {
			ready = e.renew(events[i].FD, entry, entry.fired) || ready
		} else {
			ready = e.settle(events[i].FD, entry, events[i].Events) || ready
		}
	}
	return ready
}
