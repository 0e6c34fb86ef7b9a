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

// few is how many of the epoll's events fit on the stack.
const few = 16

var buffers freelist.Slices[unix.EpollEvent]

// Wait waits until there are events or the timeout expires. More reports that something happened
// that turned out to be no event, so that there may be others behind it.
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

// entries returns the largest number of events that an epoll can have. One call has to take all of
// them, because the next one does not report them again.
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

// collect turns the epoll's events into those of the queue, for all of which there is room.
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

// read handles what one of the queue's own descriptors has to report, which makes knotes pending.
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

// collectInner takes events from an inner epoll. There is room for the inner epoll's own entry at
// least, unless pending knotes took it. Then it is reported next time, as epoll takes turns.
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

// report turns one of the epoll's events into one of the queue, if its knote exists and has one.
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

// reportPending makes events of the pending knotes, once each. A knote whose state lasts goes to
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

// deliver makes the knote's event, if there is one, and does what its flags ask for.
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

// failed handles a source that could not report its event. The next wait tries again.
func (q *Queue) failed(epoll int, k *knote, errno syscall.Errno) {
	if isGone(errno) {
		_ = q.remove(epoll, k)
		return
	}
	q.failure = errno
	q.activate(k)
}

// rearm makes up for an earlier failure to arm the knote. The epoll reports its state then.
func (q *Queue) rearm(epoll int, k *knote) {
	k.unarmed = false
	errno := k.source.enable(q, epoll, k)
	if errno == 0 {
		return
	}
	k.unarmed = true
	q.failed(epoll, k, errno)
}
