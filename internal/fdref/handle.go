package fdref

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
)

// ErrGone is the error of a Handle after another one has closed the Descriptor. It matches EBADF.
var ErrGone error = &os.SyscallError{Syscall: "close", Err: syscall.EBADF}

// Handle is one of the objects that share a Descriptor. Its zero value is closed.
type Handle struct {
	*Descriptor
	closed atomic.Bool // Close of this Handle was called
}

// FD returns the number, or -1 after the Descriptor was closed.
func (h *Handle) FD() int {
	if h.Descriptor == nil {
		return -1
	}
	return h.Descriptor.FD()
}

// Acquire is like [Descriptor.Acquire]. After an error, Gone returns the reason.
func (h *Handle) Acquire() (int, error) {
	if h.Descriptor == nil {
		return -1, os.ErrClosed
	}
	return h.Descriptor.Acquire()
}

// Gone returns the error after the Descriptor was closed: ErrGone if another Handle has closed it,
// and os.ErrClosed otherwise.
func (h *Handle) Gone() error {
	if h.Descriptor == nil || h.closed.Load() {
		return os.ErrClosed
	}
	return ErrGone
}

// Close is like [Descriptor.Close], but returns ErrGone if another Handle has closed the
// Descriptor.
func (h *Handle) Close(wake func(fd int)) error {
	if h.Descriptor == nil || h.closed.Swap(true) {
		return os.ErrClosed
	}
	if err := h.Descriptor.Close(wake); err != os.ErrClosed {
		return err
	}
	return ErrGone
}

// Errors holds a package's own errors after a Descriptor was closed.
type Errors struct {
	Closed error // for os.ErrClosed
	Gone   error // for ErrGone
}

// Of returns the package's error for one that wraps os.ErrClosed or ErrGone, and any other error
// unchanged.
func (e *Errors) Of(err error) error {
	switch {
	case errors.Is(err, os.ErrClosed):
		return e.Closed
	case errors.Is(err, ErrGone):
		return e.Gone
	}
	return err
}
