// Package kqueuebsd wraps kevent(2) of macOS and the BSDs for package kqueue. It wakes waiters when
// a queue is closed, and corrects differences between the kernels. It compiles on every system, so
// that its tests can use models of the kernels.
package kqueuebsd

import (
	"math"
	"syscall"
	"time"

	"iomux/internal/freelist"
	"iomux/internal/kevent"
	"iomux/internal/timeout"
)

// Kernel is a kernel with kqueue.
type Kernel struct {
	// System is the runtime.GOOS of the kernel.
	System string
	// Kevent is kevent(2). The changes and the events may share memory.
	Kevent func(fd int, changes, events []kevent.Event, timeout time.Duration) (int, syscall.Errno)
	// WakeFD is a descriptor that is always readable and that no caller registers. Adding it to
	// a queue wakes the queue's waiters, one after the other. FilterUser could also wake them,
	// but not every system has it, and all of its idents belong to the program.
	WakeFD int
	// SideFD is a kqueue that no caller uses, or -1. NetBSD needs it.
	SideFD int
}

// Wake makes the waiters of the queue fd return. It deletes the wake-up first, because only a new
// registration is certain to wake them.
func (k *Kernel) Wake(fd int) {
	k.clear(fd)
	k.wakeUp(fd, kevent.Add)
}

// clear undoes Wake.
func (k *Kernel) clear(fd int) { k.wakeUp(fd, kevent.Delete) }

// wakeUp ignores the errno. The descriptor may be closed, which Close reports, and the wake-up to
// delete may not exist.
func (k *Kernel) wakeUp(fd int, flags uint16) {
	_ = k.changeOne(fd, kevent.Event{Ident: uint64(k.WakeFD), Filter: kevent.FilterRead, Flags: flags})
}

// Wait makes the changes and waits for events. It returns early if closed reports true.
func (k *Kernel) Wait(fd int, changes, events []kevent.Event, left timeout.Countdown, closed func() bool) (int, syscall.Errno) {
	if len(events) == 0 { // the kernels return at once, with any timeout
		return 0, 0
	}
	for {
		taken, errno := k.Kevent(fd, changes, events, left.Left())
		changes = nil // they were made, even if the wait was interrupted
		if left.Again(taken, errno) && !closed() {
			continue
		}
		n, woken := k.finish(fd, events[:taken])
		if woken && n == 0 && !closed() { // a Queue with the same descriptor was closed
			k.clear(fd)
			continue
		}
		if woken { // the next waiter needs it too
			k.Wake(fd)
		}
		return n, errno
	}
}

// finish removes the wake-up from the events and corrects the others.
func (k *Kernel) finish(fd int, events []kevent.Event) (n int, woken bool) {
	for _, event := range events {
		if event.Filter == kevent.FilterRead && event.Ident == uint64(k.WakeFD) {
			woken = true
			continue
		}
		if event.Flags&kevent.Error != 0 {
			event.Flags = kevent.Error // some kernels add the flags of the change
		}
		if k.forgetsDispatch(event) {
			disable := event
			disable.Flags, disable.Fflags = kevent.Disable, kevent.NoteFFNop
			_ = k.Change(fd, disable) // fails if the registration was deleted
		}
		events[n] = event
		n++
	}
	return n, woken
}

// Change makes one change. The caller makes the receipt.
func (k *Kernel) Change(fd int, change kevent.Event) syscall.Errno {
	if isBeyond(change) {
		return beyond(change.Filter)
	}
	change.Flags &^= kevent.Receipt
	k.fit(&change)
	if k.keepsOldState(change) {
		removal := change
		removal.Flags = kevent.Delete
		_ = k.changeOne(fd, removal) // fails if it is not registered yet
	}
	if !k.dropsTrigger(change) {
		errno := k.changeOne(fd, change)
		if errno == 0 && k.missesNotes(change) {
			k.collectNotes(change.Ident)
		}
		return errno
	}
	change.Fflags &^= kevent.NoteTrigger
	if errno := k.changeOne(fd, change); errno != 0 {
		return errno
	}
	// EV_CLEAR would undo the trigger.
	change.Flags, change.Fflags = 0, kevent.NoteTrigger|kevent.NoteFFNop
	return k.changeOne(fd, change)
}

// singles holds lists of one change, which each call of Kevent would otherwise allocate.
var singles freelist.Slices[kevent.Event]

func (k *Kernel) changeOne(fd int, change kevent.Event) syscall.Errno {
	list := singles.Get(1)
	defer singles.Put(list)
	list[0] = change
	_, errno := k.Kevent(fd, list, nil, 0)
	return errno
}

// Singly reports whether the changes must be made one by one. Kernels differ in how they handle
// receipts: OpenBSD may wait instead, and FreeBSD may drop the rest of the list. Some kernels
// truncate an ident to the number of an open descriptor, or drop earlier failures if there is no
// room for a later one. A change may also need more than one step.
func (k *Kernel) Singly(changes []kevent.Event, room int) bool {
	if len(changes) > room {
		return true
	}
	for _, change := range changes {
		fitted := change
		k.fit(&fitted)
		if change.Flags&kevent.Receipt != 0 || isBeyond(change) || k.keepsOldState(change) || k.missesNotes(change) || k.dropsTrigger(change) ||
			fitted != change {
			return true
		}
	}
	return false
}

// isBeyond reports whether the ident is too large for the filter on this system.
func isBeyond(change kevent.Event) bool {
	if uint64(uintptr(change.Ident)) != change.Ident {
		return true
	}
	switch change.Filter {
	case kevent.FilterRead, kevent.FilterWrite, kevent.FilterVnode, kevent.FilterExcept, kevent.FilterEmpty, kevent.FilterProcDesc,
		kevent.FilterProc, kevent.FilterSignal:
		return change.Ident > math.MaxInt32
	}
	return false
}

// beyond returns the errno for an ident that is too large for the filter.
func beyond(filter int16) syscall.Errno {
	switch filter {
	case kevent.FilterProc:
		return syscall.ESRCH
	case kevent.FilterSignal, kevent.FilterTimer, kevent.FilterUser:
		return syscall.EINVAL
	}
	return syscall.EBADF
}
