//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

// exclusiveAllows holds the events and modes that may be combined with Exclusive.
const exclusiveAllows = In | Out | Err | Hup | WakeUp | ET | Exclusive

// Add registers fd. Its errors are those of epoll_ctl(2) with EPOLL_CTL_ADD, as a syscall.Errno,
// and os.ErrClosed. The error for urgent data alone is errors.ErrUnsupported on a system without
// FilterExcept.
//
// A second Add of an edge-triggered descriptor fails, but may report once more what is ready.
func (e *Epoll) Add(fd int, events uint32, data uint64) error {
	f, err := e.check(fd, events)
	if err != nil {
		return err
	}
	inner := epollOf(fd)
	if events&Exclusive != 0 && (inner != nil || events&^exclusiveAllows != 0) {
		return unix.EINVAL
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	number := int32(fd)
	if old := e.entries.Get(number); old != nil && e.verify(number, old) {
		return unix.EEXIST
	}
	fresh := &entry{events: events, data: data, kind: f.kind}
	if inner != nil {
		fresh.kind = epoll
		if !e.nest(number, inner.set) {
			return unix.ELOOP
		}
	}
	if err := e.arm(number, fresh); err != nil {
		e.forget(number)
		return err
	}
	e.entries.Set(number, fresh)
	return nil
}

// Modify changes a registration and arms it again. Its errors are those of epoll_ctl(2) with
// EPOLL_CTL_MOD and os.ErrClosed. After an error the registration is unchanged.
func (e *Epoll) Modify(fd int, events uint32, data uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := e.lookUp(fd)
	if entry == nil || events&Exclusive != 0 {
		return e.absent(fd, events)
	}
	if entry.events&Exclusive != 0 {
		if e.verify(int32(fd), entry) {
			return unix.EINVAL
		}
		return e.absent(fd, events)
	}
	if err := refusePriority(events); err != nil {
		return err
	}
	number, before := int32(fd), *entry
	same, err := e.detach(number, entry)
	if err != nil {
		return err
	}
	if !same {
		e.forget(number)
		return e.absent(fd, events)
	}
	entry.events, entry.data = events, data
	if err := e.arm(number, entry); err != nil {
		*entry = before
		// If this fails as well, the registration has no filter until the next Modify.
		_ = e.arm(number, entry)
		entry.disarmed = before.disarmed
		if before.disarmed {
			e.refit(number, entry, entry.attached, kqueue.EvDisable)
		}
		return err
	}
	return nil
}

// Remove removes a registration. Its errors are those of epoll_ctl(2) with EPOLL_CTL_DEL and
// os.ErrClosed.
func (e *Epoll) Remove(fd int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := e.lookUp(fd)
	if entry == nil {
		return e.absent(fd, 0)
	}
	same, err := e.detach(int32(fd), entry)
	e.forget(int32(fd))
	if err == nil && !same {
		return e.absent(fd, 0)
	}
	return err
}

// check returns the errors that do not depend on the registrations.
func (e *Epoll) check(fd int, events uint32) (file, error) {
	own := e.queue.FD()
	if own < 0 {
		return file{}, os.ErrClosed
	}
	if fd < 0 || fd > math.MaxInt32 {
		return file{}, unix.EBADF
	}
	f, errno := fileOf(fd)
	if errno != 0 {
		return file{}, errno
	}
	if other := epollOf(fd); fd == own || other != nil && other.set == e.set {
		return file{}, unix.EINVAL
	}
	return f, refusePriority(events)
}

// refusePriority returns errors.ErrUnsupported for urgent data alone on a system that cannot wait
// for it.
func refusePriority(events uint32) error {
	if events&Pri != 0 && events&(readable|writable|RdHup) == 0 && !HasUrgent() {
		return errors.ErrUnsupported
	}
	return nil
}

func (e *Epoll) lookUp(fd int) *entry {
	if fd < 0 || fd > math.MaxInt32 {
		return nil
	}
	return e.entries.Get(int32(fd))
}

// absent returns the error for a change of a descriptor that is not registered, or for Exclusive.
func (e *Epoll) absent(fd int, events uint32) error {
	switch _, err := e.check(fd, events); {
	case err != nil:
		return err
	case events&Exclusive != 0:
		return unix.EINVAL
	}
	return unix.ENOENT
}

// forget removes an entry that the kernel no longer has.
func (e *Epoll) forget(fd int32) {
	e.entries.Set(fd, nil)
	e.unnest(fd)
}

// verify reports whether the entry still belongs to the descriptor, and removes it otherwise.
func (e *Epoll) verify(fd int32, entry *entry) bool {
	flags := kqueue.EvEnable
	if entry.disarmed {
		flags = kqueue.EvDisable
	}
	if entry.attached == 0 || e.refit(fd, entry, entry.attached, flags) {
		return true
	}
	e.forget(fd)
	return false
}
