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
)

// few is the number of epoll events that are kept on the stack.
const few = 16

var buffers freelist.Slices[unix.EpollEvent]

// Wait waits until there are events or the timeout expires. more reports whether the epoll had any
// event. If n is 0 then, other events may follow.
func (q *Queue) Wait(epoll int, events []kevent.Event, timeout time.Duration) (n int, more bool, errno syscall.Errno) {
	if len(events) > few {
		buffer := buffers.Get(min(len(events), q.entries()))
		n, more, errno = q.wait(epoll, events, buffer, timeout)
		buffers.Put(buffer)
		return n, more, errno
	}
	var buffer [few]unix.EpollEvent
	return q.wait(epoll, events, buffer[:len(events)], timeout)
}

// entries returns the largest number of events that an epoll can have. One call must be able to
// take all of them, because the next one does not report them again.
func (q *Queue) entries() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.slots) + few
}

func (q *Queue) wait(epoll int, events []kevent.Event, raw []unix.EpollEvent, timeout time.Duration) (int, bool, syscall.Errno) {
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	q.lookAtMounts()
	taken, errno := sys.EpollWait(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw), timeout)
	if errno != 0 || taken == 0 {
		return 0, false, errno
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	q.failure = 0
	n := q.collect(epoll, events, raw, taken)
	if n == 0 && q.failure != 0 {
		return 0, false, q.failure
	}
	return n, true, 0
}

// collect turns the epoll's events into events of the queue. There is room for all of them.
func (q *Queue) collect(epoll int, events []kevent.Event, raw []unix.EpollEvent, taken int) int {
	n := 0
	var ready [inner]bool
	for i := range raw[:taken] {
		switch at := raw[i].Fd; {
		case at >= 0:
			n += q.report(epoll, &raw[i], events[n:])
		case at <= innerSlot:
			ready[innerSlot-at] = true
		default:
			q.read(at)
		}
	}
	n += q.reportPending(epoll, events[n:])
	for i, fd := range q.inner {
		if ready[i] {
			n += q.collectInner(epoll, fd, events[n:], raw)
		}
	}
	return n
}

// read reads one of the queue's own descriptors. That may make knotes pending.
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

// collectInner takes events from an inner epoll. If pending knotes have taken all the room, the
// next wait reports the inner epoll again.
func (q *Queue) collectInner(epoll, from int, events []kevent.Event, raw []unix.EpollEvent) (n int) {
	if len(events) == 0 {
		return 0
	}
	taken, _ := sys.EpollWait(from, unsafe.Pointer(unsafe.SliceData(raw)), min(len(raw), len(events)), 0)
	for i := range raw[:max(taken, 0)] {
		n += q.report(epoll, &raw[i], events[n:])
	}
	return n
}

// report turns an event of an epoll into one of the queue. It returns 0 if the knote no longer
// exists or has no event.
func (q *Queue) report(epoll int, raw *unix.EpollEvent, events []kevent.Event) int {
	if raw.Fd < 0 || int(raw.Fd) >= len(q.slots) {
		return 0
	}
	at := &q.slots[raw.Fd]
	if at.knote == nil || at.generation != raw.Pad || at.knote.disabled {
		return 0
	}
	return q.deliver(epoll, at.knote, raw.Events, &events[0])
}

// reportPending reports the pending knotes, once each. A knote with a lasting condition moves to
// the end of the list.
func (q *Queue) reportPending(epoll int, events []kevent.Event) int {
	n := 0
	for last := q.pending.last; n < len(events) && q.pending.first != nil; {
		k := q.pending.first
		q.pending.remove(k)
		if k.unarmed {
			q.rearm(epoll, k)
		} else {
			n += q.deliver(epoll, k, 0, &events[n])
		}
		if k == last {
			break
		}
	}
	q.clear()
	return n
}

// deliver stores the event of a knote, if there is one, and applies its flags.
func (q *Queue) deliver(epoll int, k *knote, ready uint32, event *kevent.Event) int {
	part, fired, errno := k.source.fire(q, k, ready)
	if errno != 0 {
		q.failed(epoll, k, errno)
		return 0
	}
	if !fired {
		return 0
	}
	part.flags |= k.flags
	*event = kevent.Event{
		Ident: k.ident, Filter: k.filter, Flags: part.flags, Fflags: part.fflags, Data: part.data, Udata: k.udata,
	}
	if part.flags&kevent.OneShot != 0 {
		if isGone(q.remove(epoll, k)) {
			return 0
		}
		return 1
	}
	if k.flags&kevent.Dispatch != 0 {
		k.disabled = true
		errno = k.source.enable(q, epoll, k)
	} else {
		errno = k.source.again(q, epoll, k)
	}
	switch {
	case isGone(errno):
		_ = q.remove(epoll, k) // the object is gone, as errno says
		return 0
	case errno != 0 && !k.disabled:
		k.unarmed = true
		q.activate(k)
	}
	return 1
}

// failed handles a source that failed to report its event. The next wait retries.
func (q *Queue) failed(epoll int, k *knote, errno syscall.Errno) {
	if isGone(errno) {
		_ = q.remove(epoll, k)
		return
	}
	q.failure = errno
	q.activate(k)
}

// rearm retries to arm the knote after a failure. The epoll then reports its condition.
func (q *Queue) rearm(epoll int, k *knote) {
	k.unarmed = false
	errno := k.source.enable(q, epoll, k)
	if errno == 0 {
		return
	}
	k.unarmed = true
	q.failed(epoll, k, errno)
}
