package iomux

import (
	"fmt"
	"sync"
	"sync/atomic"

	"iomux/internal/backend"
)

// arming is the part of a registration that Modify replaces. It is one word, because a waiting
// goroutine delivers events while another goroutine modifies their registration.
type arming uint64

// disarmed is set in an arming if its one-shot event was reported. The bits below it count the
// calls of Modify, and the upper half is the interest.
const disarmed arming = 1 << 16

func newArming(interest Interest, count uint16) arming {
	return arming(interest)<<32 | arming(count)
}

func (a arming) interest() Interest { return Interest(a >> 32) }

func (a arming) count() uint16 { return uint16(a) }

func (a arming) isDisarmed() bool { return a&disarmed != 0 }

// atomicArming is the current arming of a registration. It changes with the lock of the descriptor
// or the Poller's lock held. Only Modify holds the former alone.
type atomicArming struct{ word atomic.Uint64 }

func (c *atomicArming) load() arming { return arming(c.word.Load()) }

func (c *atomicArming) store(a arming) { c.word.Store(uint64(a)) }

func (c *atomicArming) swap(a arming) (before arming) { return arming(c.word.Swap(uint64(a))) }

func (c *atomicArming) replace(before, after arming) bool {
	return c.word.CompareAndSwap(uint64(before), uint64(after))
}

// Modify replaces the conditions and the mode. It arms a one-shot registration again. An
// edge-triggered registration reports again what is ready now. Modify does not allocate. If it
// fails, the registration is unchanged.
//
// Errors: [ErrNotRegistered]; EBADF or ENOENT if the source was closed; errors.ErrUnsupported if
// the mechanism does not support interest, and for timers, signals, processes and paths;
// os.ErrClosed if the Poller is closed.
func (r *Registration[K]) Modify(interest Interest) error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: modify: %w", ErrNotRegistered)
	}
	lock := p.descriptors.lock(r.fd)
	defer lock.Unlock()
	var err error
	if p.can.Parallel && r.isWatched() && p.backend.Supports(backend.Interest(interest)) && !p.isClosed.Load() {
		err = r.rearm(interest, r.tag)
	} else {
		p.mu.Lock()
		defer p.mu.Unlock()
		err = r.modify(interest)
	}
	if err != nil {
		return failure("modify", int(r.fd), err)
	}
	return nil
}

// isWatched reports whether the mechanism has the registration, which belongs to a descriptor of
// the caller.
func (r *Registration[K]) isWatched() bool {
	return r.kind == KindIO && r.live && !r.always && !r.gone
}

// modify is Modify with the Poller's lock held.
func (r *Registration[K]) modify(interest Interest) error {
	p := r.poller
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return ErrNotRegistered
	case r.kind != KindIO:
		return errKind
	case !p.backend.Supports(backend.Interest(interest)):
		return p.errInterest(interest)
	case r.gone, (r.always || !p.can.Exact) && !r.isOpen():
		return errSourceClosed
	case r.always && interest&(Readable|Writable) == 0:
		return ErrNotPollable
	case r.always:
		before := r.arming.swap(newArming(interest, r.arming.load().count()+1))
		if before.isDisarmed() {
			p.setReady(r)
		}
		return nil
	}
	tag := r.tag
	if !p.can.Exact {
		tag = p.nextTag() // makes earlier events stale
	}
	err := r.rearm(interest, tag)
	if err != nil {
		return err
	}
	r.tag = tag
	p.announce()
	return nil
}

// rearm changes the registration in the mechanism. The new arming is visible before the call: an
// event that the kernel reports during the call already belongs to it.
func (r *Registration[K]) rearm(interest Interest, tag uint32) (err error) {
	b := r.poller.backend
	after := newArming(interest, r.arming.load().count()+1)
	before := r.arming.swap(after)
	err = b.Modify(int(r.fd), backend.Interest(before.interest()), backend.Interest(interest), tag)
	if err == backend.ErrAlwaysReady { // a regular file has the number now
		err = errSourceClosed
	}
	if err != nil && !r.arming.replace(after, before) {
		// Another goroutine has just taken the one-shot event of the former arming.
		r.arming.store(newArming(before.interest(), after.count()) | disarmed)
	}
	return err
}

// descriptorLocks hold a lock for every descriptor. It is held while the descriptor is registered,
// modified or unregistered. Calls for different descriptors therefore run side by side, if the
// mechanism allows it. Several descriptors share a lock, and each lock has its own cache line.
//
// A lock of a descriptor is acquired before the Poller's lock.
type descriptorLocks [16]struct {
	sync.Mutex
	_ [56]byte
}

// lock acquires the lock of fd and returns it.
func (l *descriptorLocks) lock(fd int32) *sync.Mutex {
	lock := &l[uint32(fd)%uint32(len(l))].Mutex
	lock.Lock()
	return lock
}

func (l *descriptorLocks) lockAll() {
	for i := range l {
		l[i].Lock()
	}
}

// tryLockAll acquires all locks, or none if one is held. It may be called with the Poller's lock
// held.
func (l *descriptorLocks) tryLockAll() bool {
	for i := range l {
		if !l[i].TryLock() {
			for j := range i {
				l[j].Unlock()
			}
			return false
		}
	}
	return true
}

func (l *descriptorLocks) unlockAll() {
	for i := range l {
		l[i].Unlock()
	}
}
