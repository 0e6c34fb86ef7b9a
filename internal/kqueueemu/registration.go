//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// registration is a registered pair of ident and filter, which BSD kernels call a knote.
type registration struct {
	key
	source     source
	slot       int32
	generation int32

	// Parts of the change that added it.
	disabled bool
	flags    uint16 // only sticky ones
	fflags   uint32
	data     int64
	udata    uint64

	// The place in the list of pending registrations.
	queued     bool
	next, prev *registration

	// Events since the last report.
	noted     uint32 // notes about a file, a process, mounts or links
	count     int64  // signals
	triggered bool   // FilterUser
	unarmed   bool   // arming failed, so the epoll does not report it

	fd     int            // the timerfd or pidfd
	clock  int            // of the timerfd
	signal syscall.Signal // of FilterSignal

	// Of a descriptor. layer is the epoll that holds it: 0 is the queue's own, others are inner
	// epolls.
	layer         int
	kind          kind
	listens       bool          // the socket was seen listening
	socketError   syscall.Errno // SO_ERROR, which can be read only once
	reportsHangUp bool          // of a terminal: an epoll reports its hang-up

	// Of a file. If it is gone, a file with the same inode number is another file.
	file   identity
	watch  *watch
	parent *watch // of a directory
	shrunk bool   // the file was truncated, and may have been written to afterwards
	gone   bool

	// Of FilterProc.
	parentID    int64 // of a child that is followed
	followed    bool  // NoteChild is to be reported
	armed       bool  // the epoll holds the pidfd
	ended       bool  // the process has ended, and no pidfd reports it
	status      int64 // how it ended, if statusKnown
	statusKnown bool
}

// sticky holds the flags that a registration keeps and that its events have.
const sticky = kevent.OneShot | kevent.Clear | kevent.Dispatch

// source produces the events of a filter. All methods are called with the queue locked. The
// argument epoll is the queue's descriptor.
type source interface {
	// attach starts the source of a new registration. After a failure there is nothing to
	// detach.
	attach(q *Queue, epoll int, r *registration) syscall.Errno
	// touch applies the notes and the data of a change. After a failure they are unchanged.
	// isGone reports which failures mean that the registration's object is gone.
	touch(q *Queue, epoll int, r *registration, change kevent.Event) syscall.Errno
	// enable starts or stops the source according to r.disabled. It fails as touch does.
	enable(q *Queue, epoll int, r *registration) syscall.Errno
	// detach stops the source. epoll is -1 if it is already closed. A failure for which isGone
	// reports true means that the object was already gone.
	detach(q *Queue, epoll int, r *registration) syscall.Errno
	// fire returns the event, if there is one. ready holds the events of the epoll. After a
	// failure the caller retries later, unless the object is gone.
	fire(q *Queue, r *registration, ready uint32) (event report, fired bool, errno syscall.Errno)
	// reportAgain is called after each report that leaves the registration enabled. Unless the
	// registration has EvClear, it makes a lasting condition be reported again. It fails as
	// touch does.
	reportAgain(q *Queue, epoll int, r *registration) syscall.Errno
}

// report is a source's part of an event.
type report struct {
	flags  uint16
	fflags uint32
	data   int64
}

// onlyNotes returns EINVAL for notes that a filter does not have, and for no notes.
func onlyNotes(fflags, allowed uint32) syscall.Errno {
	if fflags&^allowed != 0 || fflags == 0 {
		return unix.EINVAL
	}
	return 0
}

// takeNotes is touch for filters that report each event once. It calls read before the change,
// because earlier events belong to the old notes.
func (r *registration) takeNotes(change kevent.Event, allowed uint32, read func()) syscall.Errno {
	r.flags |= kevent.Clear
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	if errno := onlyNotes(change.Fflags, allowed); errno != 0 {
		return errno
	}
	read()
	r.fflags, r.data = change.Fflags, change.Data
	return 0
}

// list holds the pending registrations in the order of their first event.
type list struct{ first, last *registration }

func (l *list) push(r *registration) {
	r.queued, r.next, r.prev = true, nil, l.last
	if l.last == nil {
		l.first = r
	} else {
		l.last.next = r
	}
	l.last = r
}

func (l *list) remove(r *registration) {
	if r.prev == nil {
		l.first = r.next
	} else {
		r.prev.next = r.next
	}
	if r.next == nil {
		l.last = r.prev
	} else {
		r.next.prev = r.prev
	}
	r.queued, r.next, r.prev = false, nil, nil
}
