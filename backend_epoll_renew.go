//go:build linux

package iomux

import (
	"errors"

	"iomux/internal/sys"
)

// renew replaces the kernel's object by a new one, and so gets rid of registrations that cannot be removed: of descriptors
// that were closed while a duplicate lives on. For each registration that is to move, each calls move, which reports whether
// the descriptor still is what was registered.
func (b *epollBackend) renew(each func(move func(fd int, interest Interest, tag uint32) bool)) error {
	fresh, err := newEpoll()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	ring := b.bell.Load()
	if ring != nil {
		if errno := control(fresh.FD(), sys.EpollAdd, int(b.bellFD.Load()), Readable, bellTag); errno != 0 {
			err = sys.EpollError(int(b.bellFD.Load()), errno)
		}
	}
	if err != nil || b.closed {
		return errors.Join(err, fresh.Close(nobody))
	}
	old, replacement := b.fd, fresh.FD()
	each(func(fd int, interest Interest, tag uint32) bool {
		// The old object alone knows whether the number is still that of the file that was registered. It is asked before,
		// and again after, since the number may change hands meanwhile.
		if b.isBell(fd) {
			return false
		}
		if control(old, sys.EpollModify, fd, interest, tag) != 0 || control(replacement, sys.EpollAdd, fd, interest, tag) != 0 {
			return false
		}
		if control(old, sys.EpollModify, fd, interest, tag) != 0 {
			_ = control(replacement, sys.EpollRemove, fd, 0, 0) // where that fails, too, its tag is nobody's any more
			return false
		}
		return true
	})
	replaced := b.kernel.Load()
	b.use(fresh)
	b.noPlace = false
	if b.state.Load() == blocked {
		ring.Wake() // in both: who sleeps on the old one starts anew
	}
	return errors.Join(b.unmakePlace(), replaced.Close(nobody))
}
