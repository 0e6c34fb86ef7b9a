//go:build linux

package kqueueemu

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/freelist"
	"iomux/internal/kevent"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// few is the number of epoll events that are kept on the stack.
const few = 64

var buffers freelist.Slices[unix.EpollEvent]

// Wait takes events without waiting. It locks the queue from the call that takes an event until the
// event's condition is armed again, so no other Wait misses a condition that lasts. again reports
// whether the epoll had an event that was not an event of the queue. Others may then follow.
//
// A queue with a fragile registration waits here, and not in Sleep.
func (q *Queue) Wait(epoll int, events []kevent.Event, left *timeout.Countdown) (n int, again bool, errno syscall.Errno) {
	if len(events) > few {
		buffer := buffers.Get(min(len(events), q.entries()))
		n, again, errno = q.wait(epoll, events, buffer, left)
		buffers.Put(buffer)
		return n, again, errno
	}
	var buffer [few]unix.EpollEvent
	return q.wait(epoll, events, buffer[:len(events)], left)
}

// entries returns the largest number of events that an epoll can have. One call must be able to
// take all of them, because the next one does not report them again.
func (q *Queue) entries() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.slots) + few
}

func (q *Queue) wait(epoll int, events []kevent.Event, raw []unix.EpollEvent, left *timeout.Countdown) (int, bool, syscall.Errno) {
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	q.lookAtMounts()
	var taken int
	var errno syscall.Errno
	sleeps := q.fragile.Load() && left.Left() != 0
	if sleeps {
		q.taking.Add(1)
		taken, errno = sys.EpollWait(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw), left.Left())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if sleeps {
		q.taking.Add(-1)
	}
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	if taken == 0 && errno == 0 {
		taken, errno = q.look(epoll, raw)
	}
	if errno != 0 || taken == 0 {
		return 0, false, errno
	}
	q.failure, q.unreported = 0, sourceOfEvent(&raw[0])
	n := q.collect(epoll, events, raw, taken)
	if n == 0 && q.failure != 0 {
		return 0, false, q.failure
	}
	return n, n == 0 && left.LookAgain(q.unreported), 0
}

// look takes events of the epoll without waiting. Another goroutine may have taken lasting
// conditions, and wait for the lock to arm them again. So look arms them as well.
func (q *Queue) look(epoll int, raw []unix.EpollEvent) (taken int, errno syscall.Errno) {
	taken, errno = sys.EpollLook(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw))
	if errno != 0 {
		taken, errno = sys.EpollWait(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw), 0)
	}
	if taken != 0 || errno != 0 || q.taking.Load() == 0 {
		return taken, errno
	}
	for _, r := range q.registrations {
		switch {
		case r.source != source(descriptor{}) || r.layer > 0 || r.disabled || r.flags&sticky != 0:
		case !q.isFragile(r):
			_ = r.source.enable(q, epoll, r)
		case taken < len(raw):
			// The epoll would poll it twice, and find an event only the first time.
			if ready, _ := r.polls(int16(r.wants())); ready != 0 {
				raw[taken] = unix.EpollEvent{Events: uint32(ready), Fd: r.slot, Pad: r.generation}
				taken++
			}
		}
	}
	if taken > 0 {
		return taken, 0
	}
	return sys.EpollWait(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw), 0)
}

// Sleep waits until the epoll has an event or the timeout expires. It takes no event.
func (q *Queue) Sleep(epoll int, left time.Duration) syscall.Errno {
	if q.fragile.Load() {
		return 0
	}
	return sys.AwaitReadable(epoll, left)
}

// sourceOfEvent identifies the registration of an epoll event.
func sourceOfEvent(raw *unix.EpollEvent) uint64 {
	return uint64(uint32(raw.Pad))<<32 | uint64(uint32(raw.Fd))
}

// collect turns the epoll's events into events of the queue. There is room for all of them.
func (q *Queue) collect(epoll int, events []kevent.Event, raw []unix.EpollEvent, taken int) int {
	n, inners := 0, 0
	var ready [inner]bool
	for i := range raw[:taken] {
		switch at := raw[i].Fd; {
		case at >= 0:
			n += q.report(epoll, &raw[i], events[n:])
		case at <= innerSlot:
			ready[innerSlot-at] = true
			inners++
		default:
			q.read(at)
		}
	}
	// Each of the epoll's events has room, so that neither a pending registration nor an inner
	// epoll displaces another event.
	n += q.reportPending(epoll, events[n:len(events)-inners])
	for i, fd := range q.inner {
		if ready[i] {
			inners--
			n += q.collectInner(epoll, fd, events[n:len(events)-inners], raw)
		}
	}
	return n
}

// read reads one of the queue's own descriptors. That may make registrations pending.
func (q *Queue) read(slot int32) {
	switch slot {
	case inotifySlot:
		q.readInotify()
	case linkSlot:
		q.readLinks()
	case mountSlot:
		q.compareMounts()
	case forkSlot:
		q.readForks()
	}
}

// collectInner takes events from an inner epoll. There is room for at least one.
func (q *Queue) collectInner(epoll, from int, events []kevent.Event, raw []unix.EpollEvent) (n int) {
	taken, _ := sys.EpollWait(from, unsafe.Pointer(unsafe.SliceData(raw)), min(len(raw), len(events)), 0)
	for i := range raw[:max(taken, 0)] {
		n += q.report(epoll, &raw[i], events[n:])
	}
	return n
}

// report turns an event of an epoll into one of the queue. It returns 0 if the registration no
// longer exists or has no event.
func (q *Queue) report(epoll int, raw *unix.EpollEvent, events []kevent.Event) int {
	if raw.Fd < 0 || int(raw.Fd) >= len(q.slots) {
		return 0
	}
	at := &q.slots[raw.Fd]
	if at.registration != nil && at.generation == raw.Pad && !at.registration.disabled &&
		q.deliver(epoll, at.registration, raw.Events, &events[0]) > 0 {
		return 1
	}
	q.unreported = sourceOfEvent(raw)
	return 0
}

// reportPending reports the pending registrations, once each. A registration with a lasting
// condition moves to the end of the list.
func (q *Queue) reportPending(epoll int, events []kevent.Event) int {
	n := 0
	for last := q.pending.last; n < len(events) && q.pending.first != nil; {
		r := q.pending.first
		q.pending.remove(r)
		if r.unarmed {
			q.rearm(epoll, r)
		} else {
			n += q.deliver(epoll, r, 0, &events[n])
		}
		if r == last {
			break
		}
	}
	q.clear()
	return n
}

// deliver stores the event of a registration, if there is one, and applies its flags.
func (q *Queue) deliver(epoll int, r *registration, ready uint32, event *kevent.Event) int {
	part, fired, errno := r.source.fire(q, r, ready)
	if errno != 0 {
		q.failed(epoll, r, errno)
		return 0
	}
	if !fired {
		return 0
	}
	part.flags |= r.flags
	*event = kevent.Event{
		Ident: r.ident, Filter: r.filter, Flags: part.flags, Fflags: part.fflags, Data: part.data, Udata: r.udata,
	}
	if part.flags&kevent.OneShot != 0 {
		if isGone(q.remove(epoll, r)) {
			return 0
		}
		return 1
	}
	if r.flags&kevent.Dispatch != 0 {
		r.disabled = true
		errno = r.source.enable(q, epoll, r)
	} else {
		errno = r.source.reportAgain(q, epoll, r)
	}
	switch {
	case isGone(errno):
		_ = q.remove(epoll, r) // the object is gone
		return 0
	case errno != 0 && !r.disabled:
		r.unarmed = true
		q.activate(r)
	}
	return 1
}

// failed handles a source that failed to report its event. The next wait retries.
func (q *Queue) failed(epoll int, r *registration, errno syscall.Errno) {
	if isGone(errno) {
		_ = q.remove(epoll, r)
		return
	}
	q.failure = errno
	q.activate(r)
}

// rearm retries to arm the registration after a failure. The epoll then reports its condition.
func (q *Queue) rearm(epoll int, r *registration) {
	r.unarmed = false
	errno := r.source.enable(q, epoll, r)
	if errno == 0 {
		return
	}
	r.unarmed = true
	q.failed(epoll, r, errno)
}
