//go:build linux

package kqueueemu

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// Change makes one change.
func (q *Queue) Change(epoll int, change Event) syscall.Errno {
	if change.Flags&(evEnable|evDisable) == evEnable|evDisable {
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
	k := q.notes[key{change.Ident, change.Filter}]
	if k != nil && change.Flags&evDelete != 0 {
		if errno = q.remove(epoll, k); errno == unix.EPERM { // the number is that of a file, which was never registered
			errno = unix.ENOENT
		}
		return errno
	}
	if k != nil {
		errno = q.modify(epoll, k, change)
		if !isGone(errno) {
			return errno
		}
		_ = q.remove(epoll, k) // the errno is known already
	}
	if change.Flags&evAdd != 0 {
		return q.add(epoll, from, change)
	}
	if isDescriptor(change.Filter) && !sys.IsOpen(int(change.Ident)) {
		return unix.EBADF
	}
	return unix.ENOENT
}

// sourceOf is the source of the change's filter, if its ident can be one of it.
func sourceOf(change Event) (source, syscall.Errno) {
	if isDescriptor(change.Filter) && change.Ident > math.MaxInt32 {
		return nil, unix.EBADF
	}
	switch change.Filter {
	case Read, Write:
		return descriptor{}, 0
	case Vnode:
		return vnode{}, 0
	case Proc:
		return process{}, 0
	case Signal:
		return signals{}, 0
	case Timer:
		return timer{}, 0
	case User:
		return user{}, 0
	}
	return nil, unix.EINVAL
}

// isGone reports whether errno tells that the descriptor was closed, and its number is nobody's or another's.
func isGone(errno syscall.Errno) bool {
	return errno == unix.EBADF || errno == unix.ENOENT || errno == unix.EPERM
}

func isDescriptor(filter int16) bool { return filter == Read || filter == Write || filter == Vnode }

// add makes a note.
func (q *Queue) add(epoll int, from source, change Event) syscall.Errno {
	k := q.newNote()
	*k = note{
		key: key{change.Ident, change.Filter}, source: from, fd: -1,
		disabled: change.Flags&evDisable != 0, flags: change.Flags & evSticky,
		fflags: change.Fflags, data: change.Data, udata: change.Udata,
	}
	q.occupy(k)
	if errno := from.attach(q, epoll, k); errno != 0 {
		q.vacate(k)
		return errno
	}
	q.notes[k.key] = k
	if change.Flags&evDelete != 0 {
		return q.remove(epoll, k)
	}
	return 0
}

// modify changes a note. Without evAdd its notes and data stay as they are.
func (q *Queue) modify(epoll int, k *note, change Event) syscall.Errno {
	udata, flags, disabled := k.udata, k.flags, k.disabled
	k.udata = change.Udata
	if change.Flags&evAdd != 0 {
		k.flags = change.Flags & evSticky
	}
	switch {
	case change.Flags&evDisable != 0:
		k.disabled = true
	case change.Flags&(evAdd|evEnable) != 0:
		k.disabled = false
	}
	if errno := k.source.touch(q, epoll, k, change); errno != 0 {
		k.udata, k.flags, k.disabled = udata, flags, disabled
		return errno
	}
	if k.disabled {
		q.deactivate(k)
	}
	if k.disabled || disabled || change.Flags&(evAdd|evEnable) != 0 {
		return k.source.enable(q, epoll, k)
	}
	return 0
}

// remove ends a note, whatever the errno.
func (q *Queue) remove(epoll int, k *note) syscall.Errno {
	delete(q.notes, k.key)
	q.deactivate(k)
	errno := k.source.detach(q, epoll, k)
	q.vacate(k)
	return errno
}

// fewSpare is how many notes are kept for the next ones, so that to remove and to add both filters of a descriptor takes no memory.
const fewSpare = 4

func (q *Queue) newNote() *note {
	n := len(q.spare)
	if n == 0 {
		return new(note)
	}
	k := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return k
}

// occupy gives the note a slot.
func (q *Queue) occupy(k *note) {
	if n := len(q.free); n > 0 {
		k.slot, q.free = q.free[n-1], q.free[:n-1]
	} else {
		k.slot = int32(len(q.slots))
		q.slots = append(q.slots, slot{})
	}
	q.slots[k.slot].note = k
	k.generation = q.slots[k.slot].generation
}

// vacate makes the epoll's events of the note, of which some may be in a waiter's hands, go nowhere.
func (q *Queue) vacate(k *note) {
	q.slots[k.slot] = slot{generation: k.generation + 1}
	q.free = append(q.free, k.slot)
	// Nobody else knows the note of a descriptor, unlike that of a signal.
	if k.source == source(descriptor{}) && len(q.spare) < fewSpare {
		q.spare = append(q.spare, k)
	}
}
