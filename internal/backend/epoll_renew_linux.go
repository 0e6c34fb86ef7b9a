package backend

import (
	"syscall"

	"iomux/internal/sys"
)

// Renew replaces the epoll with a new one. This drops registrations that cannot be removed, because
// their descriptors were closed while a duplicate is open.
func (b *epollBackend) Renew(each func(move Move)) error {
	fresh, err := b.newKernel()
	if err != nil && b.stopParking() { // which gives its descriptor back
		fresh, err = b.newKernel()
	}
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return first(b.closeKernel(fresh), ErrClosed)
	}
	var failed syscall.Errno
	each(func(fd int, interest Interest, tag uint32) Moved {
		if failed != 0 {
			return Untouched
		}
		moved, errno := b.move(fresh.FD(), fd, interest, tag)
		failed = errno
		return moved
	})
	if failed != 0 {
		_ = b.closeKernel(fresh) // the first error matters more
		return epollFailure(failed)
	}
	replaced := b.kernel.Load()
	b.use(fresh)
	// A sleeping goroutine starts again. A failure means that the program has closed the
	// number.
	_, _ = b.closeParker(), b.closeKernel(replaced)
	return nil
}

// move adds one registration to the new epoll. Only the old one can detect whether the number still
// belongs to the registered file. It checks before the move, and again after it, because the number
// can be reused in between.
func (b *epollBackend) move(fresh, fd int, interest Interest, tag uint32) (Moved, syscall.Errno) {
	if b.owns(fd) {
		return Replaced, 0
	}
	switch errno := control(b.fd, sys.EpollModify, fd, interest, tag); {
	case isReplaced(errno):
		return Replaced, 0
	case errno != 0:
		return Untouched, errno
	}
	added := control(fresh, sys.EpollAdd, fd, interest, tag)
	switch errno := control(b.fd, sys.EpollModify, fd, interest, tag); {
	case isReplaced(errno):
		_ = control(fresh, sys.EpollRemove, fd, 0, 0) // a leftover has a stale tag
		return Replaced, 0
	case errno != 0:
		return Kept, errno
	case added != 0:
		return Kept, added
	}
	return MovedOver, 0
}

// isReplaced reports whether an errno of a modification means that the descriptor was closed or
// belongs to another file. That file may be unregistered (ENOENT), a regular file (EPERM), or a
// duplicate of the epoll itself (EINVAL). All other failures are temporary.
func isReplaced(errno syscall.Errno) bool {
	switch errno {
	case syscall.EBADF, syscall.ENOENT, syscall.EPERM, syscall.EINVAL:
		return true
	}
	return false
}
