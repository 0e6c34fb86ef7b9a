//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/timeout"
	"iomux/kqueue"
)

// Take waits until a registered descriptor is ready or the timeout expires, stores the events in
// events and returns their number. A negative timeout blocks. Take does not allocate, unless events
// has more room than ever before. Its errors are EINVAL if events is empty, and those of
// [kqueue.Queue.Control].
func (e *Epoll) Take(events []Event, d time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, unix.EINVAL
	}
	kevents := e.kevents.Get(min(len(events), maxRoom))
	defer e.kevents.Put(kevents)
	ticket := e.enter()
	defer e.leave()
	countdown := timeout.Start(d)
	for {
		taken, err := e.queue.Control(nil, kevents, countdown.Left())
		n := 0
		if taken > 0 {
			e.mu.Lock()
			n = e.merge(kevents[:taken], events)
			e.mu.Unlock()
		}
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, err
		case taken == 0 && !countdown.Again(0, 0), taken > 0 && !countdown.LookAgain(sourceOf(&kevents[0])):
			if e.isAlone(ticket) {
				return 0, nil
			}
			return e.takeBeside(kevents, events)
		}
	}
}

// sourceOf identifies the filter of a kernel's event.
func sourceOf(kevent *kqueue.Event) uint64 {
	return kevent.Ident<<16 | uint64(uint16(kevent.Filter))
}

// merge turns the kernel's events into one event for each descriptor. The caller holds the lock.
func (e *Epoll) merge(kevents []kqueue.Event, events []Event) (kept int) {
	for i, entry := range e.evaluate(kevents, events) {
		if e.settle(events[i].FD, entry, events[i].Events) {
			events[kept] = Event{Events: events[i].Events, FD: events[i].FD, Data: entry.data}
			kept++
		}
	}
	return kept
}

// evaluate returns the entries of the kernel's events, and stores in events what to report of each.
func (e *Epoll) evaluate(kevents []kqueue.Event, events []Event) []*entry {
	e.collect(kevents, events)
	e.pollFDs = e.pollFDs[:0]
	for i, entry := range e.found {
		if !entry.isSimple() {
			e.pollFDs = append(e.pollFDs, sys.PollFD{FD: events[i].FD, Events: toPoll(entry.events)})
		}
	}
	pollAll(e.pollFDs)
	results := e.pollFDs
	for i, entry := range e.found {
		events[i].Events = entry.events & (In | Out)
		if !entry.isSimple() {
			events[i].Events, results = entry.readiness(results[0]), results[1:]
		}
		if entry.kind == epoll && !isReady(int(events[i].FD)) {
			events[i].Events = 0
		}
		if entry.lost != 0 {
			e.replace(events[i].FD, entry)
		}
	}
	return e.found
}

// collect finds the entries of the kernel's events, in the order of events.
func (e *Epoll) collect(kevents []kqueue.Event, events []Event) {
	e.found = e.found[:0]
	e.round++
	for i := range kevents {
		kevent := &kevents[i]
		fd := int32(kevent.Ident)
		entry := e.entries.Get(fd)
		if entry == nil {
			e.discard(kevent)
			continue
		}
		generation := uint32(kevent.Udata) // which has 32 bits on some systems
		if entry.generation != generation || entry.disarmed {
			continue
		}
		if entry.round != e.round {
			entry.round, entry.fired, entry.ended, entry.failed, entry.drained, entry.lost = e.round, 0, 0, false, false, 0
			events[len(e.found)].FD = fd
			e.found = append(e.found, entry)
		}
		entry.note(kevent)
	}
}

// discard removes a filter without a registration, which would otherwise be reported in every wait.
func (e *Epoll) discard(kevent *kqueue.Event) {
	e.changes[0] = kqueue.Event{Ident: kevent.Ident, Filter: kevent.Filter, Flags: kqueue.EvDelete | kqueue.EvReceipt}
	_, _ = e.submit(e.changes[:1]) // a late event: the filter is usually removed
}

// isSimple reports whether the filter of this round is sufficient without poll(2).
func (e *entry) isSimple() bool { return e.simple && e.ended == 0 && !e.failed }

// readiness returns the events to report, according to poll(2) and the filters.
func (e *entry) readiness(result sys.PollFD) uint32 {
	switch {
	case result.FD == unpolled:
		return e.asLinux(e.inferred())
	case result.Revents&sys.PollNval != 0: // closed in the meantime
		return 0
	case !kqueue.Native:
		return e.requested(fromPoll(result.Revents))
	}
	if ready := e.asLinux(fromPoll(result.Revents)); ready != 0 || result.Revents != 0 {
		return ready
	}
	// The kqueue reports readiness that poll(2) does not. It would report it in every wait.
	return e.asLinux(e.inferred())
}

// settle updates the filters after a report of ready. It returns false if there is nothing to
// report.
func (e *Epoll) settle(fd int32, entry *entry, ready uint32) bool {
	plain := entry.fired & entry.plain()
	switch {
	case entry.events&OneShot != 0 && ready == 0:
		e.refit(fd, entry, plain, kqueue.EvEnable)
	case entry.events&OneShot != 0:
		entry.disarmed = true
		e.disable(fd, entry, entry.attached&^plain) // EvDispatch disables plain ones
	case ready != 0 && entry.events&ET == 0:
		return e.renew(fd, entry, entry.lasting(ready)&^plain)
	}
	return ready != 0
}

// lasting returns the filters whose condition lasts.
func (e *entry) lasting(ready uint32) (which filterSet) {
	which = e.ended
	if ready&Pri != 0 {
		which |= e.fired & urgent
	}
	return which
}

// disable disables the filters of a one-shot registration. It removes a filter that has not fired,
// because a kernel keeps counting an event that is pending when its filter is disabled.
func (e *Epoll) disable(fd int32, entry *entry, which filterSet) {
	if fired := which & entry.fired; fired != 0 {
		e.refit(fd, entry, fired, kqueue.EvDisable)
	}
	if rest := which &^ entry.fired; rest != 0 {
		e.refit(fd, entry, rest, kqueue.EvDelete)
		entry.attached &^= rest
	}
}

// replace adds the filter that reports the end of a pipe, after the kernel has removed the filter
// for writing: FreeBSD does so when the other end is closed (knlist_clear). The end is reported
// again only if the registration is level-triggered.
func (e *Epoll) replace(fd int32, entry *entry) {
	entry.attached &^= entry.lost
	entry.broken, entry.simple = true, false
	changes := e.changes[:0]
	for _, change := range entry.plan(e.receipts[:0], fd) {
		if bitOf(change.Filter)&entry.attached == 0 {
			if entry.events&(ET|OneShot) != 0 {
				change.Flags |= kqueue.EvDisable
			}
			changes = append(changes, change)
		}
	}
	receipts, _ := e.submit(changes) // if it fails, the descriptor is closed
	for i, receipt := range receipts {
		if receipt.Data == 0 {
			entry.attached |= bitOf(changes[i].Filter)
			entry.fired |= bitOf(changes[i].Filter)
		}
	}
}

// renew makes filters report lasting conditions again. It returns false if the descriptor no longer
// belongs to the registered file, and removes the registration.
func (e *Epoll) renew(fd int32, entry *entry, which filterSet) bool {
	if which == 0 {
		return true
	}
	changes := e.changes[:0]
	for _, change := range entry.plan(e.receipts[:0], fd) {
		if bitOf(change.Filter)&which != 0 {
			remove := change
			remove.Flags, remove.Fflags, remove.Data = kqueue.EvDelete|kqueue.EvReceipt, 0, 0
			changes = append(changes, remove, change)
		}
	}
	receipts, err := e.submit(changes)
	if err != nil || len(receipts) == 0 {
		return false
	}
	if receipts[0].Data != 0 { // the second change has registered another file
		_, _ = e.detach(fd, entry)
		e.forget(fd)
		return false
	}
	return true
}
