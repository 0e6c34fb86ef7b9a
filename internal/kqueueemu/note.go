//go:build linux

package kqueueemu

import "syscall"

// note is one registration: what the man page calls a knote.
type note struct {
	key
	source     source
	slot       int32
	generation int32

	// What the user asked for.
	disabled bool
	flags    uint16 // those of evSticky
	fflags   uint32
	data     int64
	udata    uint64

	// Its place among the pending notes.
	queued     bool
	next, prev *note

	// What has happened: notes about a file, signals that came, whether the user's event was triggered.
	hits      uint32
	count     int64
	triggered bool

	fd     int            // the timerfd or pidfd
	clock  int            // of the timerfd
	second bool           // registered in the second epoll
	kind   kind           // of the descriptor
	failed syscall.Errno  // what SO_ERROR told, which tells it only once
	file   identity       // of a file
	watch  *watch         // of a file
	gone   bool           // the file is no more: what has its number is another one
	signal syscall.Signal // of FilterSignal
}

// evSticky are the flags that stay with a note and come back in its events.
const evSticky = evOneShot | evClear | evReceipt | evDispatch

// source is where the events of a filter come from. All is called with the queue locked; epoll is the queue's descriptor.
type source interface {
	// attach makes the source of a new note, whose wishes are set. After a failure there is nothing to detach.
	attach(q *Queue, epoll int, k *note) syscall.Errno
	// touch takes the wishes of a change over into a note that exists. After a failure they are as before; isGone tells those
	// that mean that what the note was about is gone.
	touch(q *Queue, epoll int, k *note, change Event) syscall.Errno
	// enable makes the source report, or not. Failures are as those of touch.
	enable(q *Queue, epoll int, k *note) syscall.Errno
	// detach ends all. Epoll may be -1, when it is closed already. A failure tells that the descriptor is not what it was.
	detach(q *Queue, epoll int, k *note) syscall.Errno
	// fire is what there is to report, if there is something. Ready is what the epoll says.
	fire(q *Queue, k *note, ready uint32) (event report, fired bool)
	// again is called after each report that leaves the note enabled. It sees to it that what lasts is reported once more,
	// unless the note has evClear. Failures are as those of touch.
	again(q *Queue, epoll int, k *note) syscall.Errno
}

// report is what a source knows of an event.
type report struct {
	flags  uint16
	fflags uint32
	data   int64
}

// list is the notes that have something to report, in the order in which it happened.
type list struct{ first, last *note }

func (l *list) push(k *note) {
	k.queued, k.next, k.prev = true, nil, l.last
	if l.last == nil {
		l.first = k
	} else {
		l.last.next = k
	}
	l.last = k
}

func (l *list) remove(k *note) {
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
