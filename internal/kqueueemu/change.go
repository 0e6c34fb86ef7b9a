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
	if r := q.registrations[key{change.Ident, change.Filter}]; r != nil {
		if change.Flags&kevent.Delete != 0 {
			errno = q.remove(epoll, r)
		} else if errno = q.modify(epoll, r, change); isGone(errno) && isDescriptor(r.filter) {
			_ = q.remove(epoll, r) // errno shows that the object is gone
		}
		if !isGone(errno) || !isDescriptor(change.Filter) {
			return errno
		}
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

// add creates the registration of a change.
func (q *Queue) add(epoll int, from source, change kevent.Event) syscall.Errno {
	r := q.newRegistration()
	*r = registration{
		key: key{change.Ident, change.Filter}, source: from, fd: -1,
		disabled: change.Flags&kevent.Disable != 0, flags: change.Flags & sticky,
		fflags: change.Fflags, data: change.Data, udata: change.Udata,
	}
	q.occupy(r)
	if errno := from.attach(q, epoll, r); errno != 0 {
		q.vacate(r)
		return errno
	}
	q.registrations[r.key] = r
	return 0
}

// modify changes a registration. It keeps the flags of the change that added it, as all kernels do.
// Without EvAdd its notes and data do not change. A condition that holds is reported again. After a
// failure nothing has changed.
func (q *Queue) modify(epoll int, r *registration, change kevent.Event) syscall.Errno {
	before := *r
	r.udata = change.Udata
	switch {
	case change.Flags&kevent.Disable != 0:
		r.disabled = true
	case change.Flags&kevent.Enable != 0:
		r.disabled = false
	}
	errno := r.source.touch(q, epoll, r, change)
	if errno == 0 {
		if r.disabled {
			q.deactivate(r)
		}
		errno = r.source.enable(q, epoll, r)
	}
	if errno != 0 {
		r.udata, r.flags, r.disabled, r.fflags, r.data = before.udata, before.flags, before.disabled, before.fflags, before.data
		if before.queued {
			q.activate(r)
		}
	}
	return errno
}

// remove removes a registration. It returns 0, or an errno for which isGone reports true.
func (q *Queue) remove(epoll int, r *registration) syscall.Errno {
	delete(q.registrations, r.key)
	q.deactivate(r)
	errno := r.source.detach(q, epoll, r)
	q.vacate(r)
	if !isGone(errno) { // events of an entry that stays in the epoll are dropped
		return 0
	}
	return errno
}

// fewSpare is the number of unused registrations that a queue keeps, so that removing and adding
// all filters of a descriptor does not allocate.
const fewSpare = 4

func (q *Queue) newRegistration() *registration {
	n := len(q.spare)
	if n == 0 {
		return new(registration)
	}
	r := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return r
}

// occupy gives the registration a slot.
func (q *Queue) occupy(r *registration) {
	if n := len(q.free); n > 0 {
		r.slot, q.free = q.free[n-1], q.free[:n-1]
	} else {
		r.slot = int32(len(q.slots))
		q.slots = append(q.slots, slot{})
	}
	q.slots[r.slot].registration = r
	r.generation = q.slots[r.slot].generation
}

// vacate frees the registration's slot. Later events of the epoll for it are dropped, even those
// that a waiter has already taken.
func (q *Queue) vacate(r *registration) {
	q.slots[r.slot] = slot{generation: r.generation + 1}
	q.free = append(q.free, r.slot)
	// Only registrations of descriptors can be reused: a subscription may still refer to the
	// registration of a signal.
	if r.source == source(descriptor{}) && len(q.spare) < fewSpare {
		q.spare = append(q.spare, r)
	}
}
