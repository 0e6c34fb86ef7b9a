package backend

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"iomux/internal/afd"
	"iomux/internal/sys"
)

// Errors that the Poller handles. They name neither the call nor the descriptor, because the Poller
// adds both.
var (
	ErrClosed        = &sys.CauseError{Text: "the poller is closed", Cause: os.ErrClosed}
	ErrNotOpen       = newFailure("the descriptor is not open", "register", syscall.EBADF)
	ErrRegistered    = newFailure("already registered; use Modify", "register", syscall.EEXIST)
	ErrNotRegistered = newFailure("not registered", "unregister", syscall.ENOENT)
	ErrAlwaysReady   = newFailure("the mechanism does not support regular files and directories", "register", syscall.EPERM)
	errOwn           = newFailure("the descriptor was closed, and the poller itself has its number", "register", syscall.EBADF)
	errReplaced      = newFailure("the descriptor was closed, and its number belongs to another file", "register", syscall.ENOENT)
	errNested        = newFailure("epolls or kqueues are nested too deeply or in a circle", "register", syscall.ELOOP)
	errWatches       = newFailure("the user's limit of watched descriptors is reached; "+sys.EpollWatches, "epoll_ctl", syscall.ENOSPC)
	errTooMany       = newFailure("epolls are nested too deeply, or one file has too many duplicates", "register", syscall.EINVAL)
	ErrNotPollable   = &sys.CauseError{Text: "the mechanism cannot wait for it", Cause: errors.ErrUnsupported}
)

// errNotSocket matches ErrNotPollable and afd.ErrNotSocket.
func errNotSocket() error { return fmt.Errorf("%w: %w", ErrNotPollable, afd.ErrNotSocket) }

// failure is the error of a system call, with a message for the caller of the Poller.
type failure struct {
	text string
	call *os.SyscallError
}

// newFailure returns the error of a system call that has failed with errno.
func newFailure(text, call string, errno syscall.Errno) error {
	return &failure{text, &os.SyscallError{Syscall: call, Err: errno}}
}

// Error returns the text without the errno, because the text explains it.
func (f *failure) Error() string { return f.text }

// Unwrap lets errors.Is find the errno, and errors.As the os.SyscallError.
func (f *failure) Unwrap() error { return f.call }

// notOpen returns the error for a descriptor that the mechanism treats as closed.
func notOpen(fd int) error {
	if sys.IsOpen(fd) {
		// It was opened with O_PATH, or macOS supports it only in select(2).
		return ErrNotPollable
	}
	return ErrNotOpen
}

// first returns the first error that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// explain returns the error for an errno of epoll and of its emulation, or for one that wraps
// os.ErrClosed. It returns any other error unchanged.
func explain(err error) error {
	switch err {
	case syscall.EBADF:
		return ErrNotOpen
	case syscall.EEXIST:
		return ErrRegistered
	case syscall.EPERM:
		return ErrAlwaysReady
	case syscall.ENOENT:
		return errReplaced
	case syscall.ELOOP:
		return errNested
	case syscall.ENOSPC:
		return errWatches
	}
	if errors.Is(err, os.ErrClosed) {
		return ErrClosed
	}
	return err
}
