//go:build linux

package kqueueemu

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// Change makes one change.
func (q *Queue) Change(epoll int, change kevent.Event) syscall.Errno {
	if change.Flags&(kevent.Enable|kevent.Disable) == kevent.Enable|kevent.Disable {
		return unix.EINVAL
	}
	from, errno := sourceOf(change)
	if errno != 0 {
		return errno
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead.Load() {
		return unix.EBADF
	}
	k := q.knotes[key{change.Ident, change.Filter}]
	if k != nil && change.Flags&kevent.Delete != 0 {
		if errno = q.remove(epoll, k); errno == unix.EPERM { // the number now belongs to a file that was never registered
			errno = unix.ENOENT
		}
		return errno
	}
	if k != nil {
		errno = q.modify(epoll, k, change)
		if !isGone(errno) || !isDescriptor(k.filter) {
			return errno
		}
		_ = q.remove(epoll, k) // errno shows that the object is gone
	}
	if change.Flags&kevent.Add != 0 {
		return q.add(epoll, from, change)
	}
	if isDescriptor(change.Filter) && !sys.IsOpen(int(change.Ident)) {
		return unix.EBADF
	}
	return unix.ENOENT
}

// sourceOf returns the source of the change's filter, if the ident is in its range.
func sourceOf(change kevent.Event) (source, syscall.Errno) {
	if isDescriptor(change.Filter) && change.Ident > math.MaxInt32 {
		return nil, unix.EBADF
	}
	switch change.Filter {
	case kevent.FilterRead, kevent.FilterWrite, kevent.FilterExcept:
		return descriptor{}, 0
	case kevent.FilterVnode:
		return vnode{}, 0
	case kevent.FilterProc:
		return process{}, 0
	case kevent.FilterNetdev:
		return netdev{}, 0
	case kevent.FilterFS:
		return filesystems{}, 0
	case kevent.FilterSignal:
		return signals{}, 0
	case kevent.FilterTimer:
		return timer{}, 0
	case kevent.FilterUser:
		return user{}, 0
	}
	return nil, unix.EINVAL
}

// isGone reports whether errno means that the descriptor was closed. Its number is then unused, or
// belongs to another file. Other failures leave the registration unchanged.
func isGone(errno syscall.Errno) bool {
	return errno == unix.EBADF || errno == unix.ENOENT || errno == unix.EPERM
}

func isDescriptor(filter int16) bool {
	switch filter {
	case kevent.FilterRead, kevent.FilterWrite, kevent.FilterExcept, kevent.FilterVnode:
		return true
	}
	return false
}

// add creates the knote of a change.
func (q *Queue) add(epoll int, from source, change kevent.Event) syscall.Errno {
	k := q.newKnote()
	*k = knote{
		key: key{change.Ident, change.Filter}, source: from, fd: -1,
		disabled: change.Flags&kevent.Disable != 0, flags: change.Flags & sticky,
		fflags: change.Fflags, data: change.Data, udata: change.Udata,
	}
	q.occupy(k)
	if errno := from.attach(q, epoll, k); errno != 0 {
		q.vacate(k)
		return errno
	}
	q.knotes[k.key] = k
	if change.Flags&kevent.Delete != 0 {
		return q.remove(epoll, k)
	}
	return 0
}

// modify changes a knote. Without EvAdd its notes and data do not change. After a failure nothing
// has changed.
func (q *Queue) modify(epoll int, k *knote, change kevent.Event) syscall.Errno {
	before := *k
	k.udata = change.Udata
	if change.Flags&kevent.Add != 0 {
		k.flags = change.Flags & sticky
	}
	switch {
	case change.Flags&kevent.Disable != 0:
		k.disabled = true
	case change.Flags&(kevent.Add|kevent.Enable) != 0:
		k.disabled = false
	}
	errno := k.source.touch(q, epoll, k, change)
	if errno == 0 && k.disabled {
		q.deactivate(k)
	}
	if errno == 0 && (k.disabled || before.disabled || change.Flags&(kevent.Add|kevent.Enable) != 0) {
		errno = k.source.enable(q, epoll, k)
	}
	if errno != 0 {
		k.udata, k.flags, k.disabled, k.fflags, k.data = before.udata, before.flags, before.disabled, before.fflags, before.data
		if before.queued {
			q.activate(k)
		}
	}
	return errno
}

// remove removes a knote. It returns 0, or an errno for which isGone reports true.
func (q *Queue) remove(epoll int, k *knote) syscall.Errno {
	delete(q.knotes, k.key)
	q.deactivate(k)
	errno := k.source.detach(q, epoll, k)
	q.vacate(k)
	if !isGone(errno) { // events of an entry that stays in the epoll are dropped
		return 0
	}
	return errno
}

// fewSpare is the number of unused knotes that a queue keeps, so that removing and adding all
// filters of a descriptor does not allocate.
const fewSpare = 4

func (q *Queue) newKnote() *knote {
	n := len(q.spare)
	if n == 0 {
		return new(knote)
	}
	k := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return k
}

// occupy gives the knote a slot.
func (q *Queue) occupy(k *knote) {
	if n := len(q.free); n > 0 {
		k.slot, q.free = q.free[n-1], q.free[:n-1]
	} else {
		k.slot = int32(len(q.slots))
		q.slots = append(q.slots, slot{})
	}
	q.slots[k.slot].knote = k
	k.generation = q.slots[k.slot].generation
}

// vacate frees the knote's slot. Later events of the epoll for it are dropped, even those that a
// waiter has already taken.
func (q *Queue) vacate(k *knote) {
	q.slots[k.slot] = slot{generation: k.generation + 1}
	q.free = append(q.free, k.slot)
	// Only knotes of descriptors can be reused: a subscription may still refer to the knote of a
	// signal.
	if k.source == source(descriptor{}) && len(q.spare) < fewSpare {
		q.spare = append(q.spare, k)
	}
}
