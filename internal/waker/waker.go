// Package waker interrupts a goroutine that is blocked in a system call on descriptors. The call
// waits on one more descriptor, the waker's, which Wake makes readable.
package waker

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// Waker is a descriptor that any goroutine can make readable. The zero value is a closed Waker.
type Waker struct {
	reader fdref.Descriptor
	writer fdref.Descriptor // used only if isPipe
	// signalled is set from Wake to Clear, so that further calls of Wake need no system call.
	signalled atomic.Bool
}

// New returns a waker that is not readable. A waker uses one descriptor, or two if it is a pipe.
func New() (*Waker, error) {
	reader, writer, err := open()
	if err != nil {
		return nil, err
	}
	w := new(Waker)
	w.reader.Set(reader, closeFD)
	if isPipe {
		w.writer.Set(writer, closeFD)
	}
	return w, nil
}

// Acquire returns the descriptor to wait on, whose number stays valid until Done. The error is
// os.ErrClosed after Close.
func (w *Waker) Acquire() (fd int, err error) { return w.reader.Acquire() }

// Done ends the use that Acquire began.
func (w *Waker) Done() { w.reader.Done() }

// Owns reports whether fd is a descriptor of the waker: the one to wait on, or the writing end of
// its pipe. A backend refuses to register either of them.
func (w *Waker) Owns(fd int) bool {
	return fd >= 0 && (fd == w.reader.FD() || fd == w.writer.FD())
}

// Wake makes the descriptor readable until Clear. It may be called at any time and does not block.
//
// If the system fails to make it readable, Wake returns the error, and the next call retries. The
// error is os.ErrClosed after Close.
func (w *Waker) Wake() error {
	if w.signalled.Swap(true) {
		return nil
	}
	end := &w.reader
	if isPipe {
		end = &w.writer
	}
	fd, err := end.Acquire()
	if err == nil {
		err = report("write", fd, send(fd))
		end.Done()
	}
	if err != nil {
		w.signalled.Store(false)
	}
	return err
}

// Pending reports whether Wake was called after the last Clear.
func (w *Waker) Pending() bool { return w.signalled.Load() }

// Clear makes the descriptor unreadable. Memory writes before a Wake are visible after the Clear
// that undoes it, so the caller must look for work only after Clear.
//
// After an error the descriptor can no longer interrupt a wait, and may stay readable. The error is
// os.ErrClosed after Close. Any other error means that the program has closed a descriptor that it
// does not own. The caller must return the error instead of waiting again.
func (w *Waker) Clear() error {
	fd, err := w.reader.Acquire()
	if err != nil {
		return err
	}
	err = report("read", fd, receive(fd))
	w.reader.Done()
	// Clear the flag after the call: receive would drain a Wake in between, and later ones
	// would send nothing.
	w.signalled.Store(false)
	return err
}

// report returns the error of a call on the waker's descriptor. It returns nil if errno only means
// that the descriptor is already readable or unreadable.
func report(call string, fd int, errno syscall.Errno) error {
	if errno == 0 || errno == errWouldBlock {
		return nil
	}
	return sys.NewError(call, fd, errno, "iomux wakes waiting goroutines with it")
}

// Close makes the descriptor readable, and closes it as soon as it has no user. A second Close
// returns os.ErrClosed.
func (w *Waker) Close() error {
	if !isPipe {
		return w.reader.Close(func(fd int) { _ = send(fd) }) // nothing else wakes its users
	}
	// The reading end is readable if no writing end is open.
	err := w.writer.Close(func(int) {})
	if errReader := w.reader.Close(func(int) {}); err == nil {
		err = errReader
	}
	return err
}

// Until calls wait with a descriptor that becomes readable when ctx is done. The descriptor is
// closed when wait returns.
func Until(ctx context.Context, wait func(fd int) error) error {
	w, err := New()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, w.wakePersistently)()
	fd, err := w.Acquire()
	if err == nil {
		err = wait(fd)
		w.Done()
	}
	if errClose := w.Close(); err == nil {
		err = errClose
	}
	return err
}

// wakePersistently repeats Wake until the descriptor is readable or closed.
func (w *Waker) wakePersistently() {
	for {
		if err := w.Wake(); err == nil || errors.Is(err, os.ErrClosed) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
