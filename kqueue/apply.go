//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"fmt"
	"os"
	"syscall"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// apply makes the changes of the queue fd in order. It stores failures and receipts in events. If
// there is no room for a failure, apply returns it as the error and stops. Both lists may be the
// same slice.
func apply(fd int, changes, events []kevent.Event, change func(kevent.Event) syscall.Errno) (n int, err error) {
	for i := range changes {
		next := changes[i]
		errno := change(next)
		switch {
		case errno == 0 && next.Flags&kevent.Receipt == 0:
		case n < len(events):
			next.Flags, next.Data = kevent.Error, int64(errno)
			events[n] = next
			n++
		case errno != 0:
			return n, changeError(fd, next, errno)
		}
	}
	return n, nil
}

func changeError(fd int, change kevent.Event, errno syscall.Errno) error {
	help := advice(change, errno)
	if errno == syscall.EINVAL && change.Filter == kevent.FilterRead && change.Ident == uint64(fd) {
		help = "it is the queue itself"
	}
	return fmt.Errorf("kqueue: %v: %w", fromRaw(change), sys.WithAdvice(os.NewSyscallError("kevent", errno), help))
}

// waitError returns the error of a wait that ended with errno.
func waitError(fd int, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return sys.NewError("kevent", fd, errno, "")
}
