//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// knote is one registration. The manual page has the name.
type knote struct {
	key
	source     source
	slot       int32
	generation int32

	// The registration.
	disabled bool
	flags    uint16 // only sticky ones
	fflags   uint32
	data     int64
	udata    uint64

	// Its place among the pending knotes.
	queued     bool
	next, prev *knote

	// Events since the last report.
	hits      uint32 // notes about a file
	count     int64  // signals
	triggered bool   // FilterUser
	unarmed   bool   // the epoll does not report it: arming failed

	fd     int            // the timerfd or pidfd
	clock  int            // of the timerfd
	layer  int            // the epoll that holds the descriptor: 0 is the queue's, then the inner ones
	kind   kind           // of the descriptor
	failed syscall.Errno  // SO_ERROR, which can be read only once
	file   identity       // of a file
	watch  *watch         // of a file
	parent *watch         // of a directory
	shrunk bool           // the file was truncated, and may have been written to since
	gone   bool           // the file has ended, so a file with the same number is another one
	signal syscall.Signal // of FilterSignal
	hangs  bool           // of a terminal: an epoll reports when it is hung up

	// Of FilterProc.
	parentID    int64 // of a child that is followed
	followed    bool  // NoteChild is to be reported
	armed       bool  // the epoll holds the pidfd
	ended       bool  // the process has ended, and no pidfd reports it
	status      int64 // how it ended, if statusKnown
	statusKnown bool
}

// sticky are the flags that a knote keeps and that its events have.
const sticky = kevent.OneShot | kevent.Clear | kevent.Receipt | kevent.Dispatch

// source is where the events of a filter come from. All methods are called with the queue locked.
// The argument epoll is the queue's descriptor.
type source interface {
	// attach starts the source of a new knote. After a failure there is nothing to detach.
	attach(q *Queue, epoll int, k *knote) syscall.Errno
	// touch changes the knote's notes and data as the change asks. After a failure they are
	// unchanged. isGone reports which failures mean that the knote's object is gone.
	touch(q *Queue, epoll int, k *knote, change kevent.Event) syscall.Errno
	// enable makes the source follow k.disabled. Its failures are those of touch.
	enable(q *Queue, epoll int, k *knote) syscall.Errno
	// detach ends the source. The epoll is -1 if it is closed already. A failure for which isGone
	// reports true means that the object was gone before.
	detach(q *Queue, epoll int, k *knote) syscall.Errno
	// fire returns the event, if there is one. The argument ready holds the epoll's events. After a
	// failure the caller tries again later, unless the object is gone.
	fire(q *Queue, k *knote, ready uint32) (event report, fired bool, errno syscall.Errno)
	// again is called after each report that leaves the knote enabled. It has a lasting state
	// reported again, unless the knote has EvClear. Its failures are those of touch.
	again(q *Queue, epoll int, k *knote) syscall.Errno
}

// report is a source's part of an event.
type report struct {
	flags  uint16
	fflags uint32
	data   int64
}

// onlyNotes refuses notes that a filter does not have, and a registration without any.
func onlyNotes(fflags, allowed uint32) syscall.Errno {
	if fflags&^allowed != 0 || fflags == 0 {
		return unix.EINVAL
	}
	return 0
}

// takeNotes is touch for filters that report each event once. It calls read first, because earlier
// events belong to the old notes.
func (k *knote) takeNotes(change kevent.Event, allowed uint32, read func()) syscall.Errno {
	k.flags |= kevent.Clear
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	if errno := onlyNotes(change.Fflags, allowed); errno != 0 {
		return errno
	}
	read()
	k.fflags, k.data = change.Fflags, change.Data
	return 0
}

// list holds the pending knotes in the order in which they became so.
type list struct{ first, last *knote }

func (l *list) push(k *knote) {
	k.queued, k.next, k.prev = true, nil, l.last
	if l.last == nil {
		l.first = k
	} else {
		l.last.next = k
	}
	l.last = k
}

func (l *list) remove(k *knote) {
	if k.prev == nil {
		l.first = k.next
	} else {
		k.prev.next = k.next
	}
	if k.next == nil {
		l.last = k.prev
	} else {
		k.next.prev = k.prev
	}
	k.queued, k.next, k.prev = false, nil, nil
}
