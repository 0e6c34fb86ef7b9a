//go:build linux

package kqueueemu

import (
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// few is how many of the epoll's events fit on the stack.
const few = 64

var buffers = sync.Pool{New: func() any { return new([]unix.EpollEvent) }}

// Wait waits until there are events, or the timeout has passed. More tells that something happened that turned out to be no
// event, so that there may be others behind it.
func (q *Queue) Wait(epoll int, events []Event, timeout time.Duration) (n int, more bool, errno syscall.Errno) {
	if len(events) > few {
		buffer := buffers.Get().(*[]unix.EpollEvent)
		if size := min(len(events), q.entries()); size > len(*buffer) {
			*buffer = make([]unix.EpollEvent, size)
		}
		n, more, errno = q.wait(epoll, events, (*buffer)[:min(len(events), len(*buffer))], timeout)
		buffers.Put(buffer)
		return n, more, errno
	}
	var buffer [few]unix.EpollEvent
	return q.wait(epoll, events, buffer[:len(events)], timeout)
}

// entries is how much an epoll may tell at once: all has to come from one call, which tells nothing twice.
func (q *Queue) entries() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.slots) + few
}

func (q *Queue) wait(epoll int, events []Event, raw []unix.EpollEvent, timeout time.Duration) (int, bool, syscall.Errno) {
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	taken, errno := sys.EpollWait(epoll, unsafe.Pointer(unsafe.SliceData(raw)), len(raw), timeout)
	if errno != 0 || taken == 0 {
		return 0, false, errno
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead.Load() {
		return 0, false, unix.EBADF
	}
	return q.collect(epoll, events, raw, taken), true, 0
}

// collect makes events of what the epoll told. There is room for all of it.
func (q *Queue) collect(epoll int, events []Event, raw []unix.EpollEvent, taken int) int {
	n := 0
	inside, changed := false, false
	for i := range raw[:taken] {
		switch raw[i].Fd {
		case bellSlot:
		case secondSlot:
			inside = true
		case inotifySlot:
			changed = true
		default:
			n += q.report(epoll, &raw[i], events[n:])
		}
	}
	if changed {
		q.readInotify()
	}
	n += q.reportPending(epoll, events[n:])
	if inside && n < len(events) {
		// The room that is left is at least that of the second epoll's own entry, unless pending notes took it: then it is
		// the first to be told of next time, for epoll takes turns.
		taken, _ = sys.EpollWait(q.second, unsafe.Pointer(unsafe.SliceData(raw)), min(len(raw), len(events)-n), 0)
		for i := range raw[:max(taken, 0)] {
			n += q.report(epoll, &raw[i], events[n:])
		}
	}
	return n
}

// report makes an event of one of the epoll's, if its note still exists and has one.
func (q *Queue) report(epoll int, raw *unix.EpollEvent, events []Event) int {
	if raw.Fd < 0 || int(raw.Fd) >= len(q.slots) {
		return 0
	}
	at := &q.slots[raw.Fd]
	if at.note == nil || at.generation != raw.Pad || at.note.disabled {
		return 0
	}
	return q.deliver(epoll, at.note, raw.Events, &events[0])
}

// reportPending makes events of the notes in the list, each once. They go to the end of the list if what they report lasts.
func (q *Queue) reportPending(epoll int, events []Event) int {
	n := 0
	for last := q.pending.last; n < len(events) && q.pending.first != nil; {
		k := q.pending.first
		q.pending.remove(k)
		n += q.deliver(epoll, k, 0, &events[n])
		if k == last {
			break
		}
	}
	q.silence()
	return n
}

// deliver makes an event of the note, if it has one, and does what its flags ask for then.
func (q *Queue) deliver(epoll int, k *note, ready uint32, event *Event) int {
	told, fired := k.source.fire(q, k, ready)
	if !fired {
		return 0
	}
	told.flags |= k.flags
	*event = Event{
		Ident: k.ident, Filter: k.filter, Flags: told.flags, Fflags: told.fflags, Data: told.data, Udata: k.udata,
	}
	if told.flags&evOneShot != 0 {
		if isGone(q.remove(epoll, k)) {
			return 0
		}
		return 1
	}
	next := k.source.again
	if k.flags&evDispatch != 0 {
		k.disabled = true
		next = k.source.enable
	}
	if isGone(next(q, epoll, k)) {
		_ = q.remove(epoll, k) // the errno is known already
		return 0
	}
	return 1
}
