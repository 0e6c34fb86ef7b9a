// Package fdref counts the users of a descriptor, so that its number is not closed and reused while
// a goroutine is about to wait on it.
package fdref

import (
	"math"
	"os"
	"sync/atomic"
)

// The state of a Descriptor is the bit closed, and above it the number of users.
const (
	closed  = 1
	oneUser = 2
)

// Descriptor is a descriptor with a reference count. After Close, its last user closes it. Its zero
// value is closed.
type Descriptor struct {
	state atomic.Uint64
	fd    int
	// release closes the number. It is called once, after Close, when there is no user.
	release func(fd int) error
}

// Set stores fd in d. Close or the last user closes fd with release. Set must be called once,
// before other goroutines use d.
func (d *Descriptor) Set(fd int, release func(fd int) error) {
	d.fd, d.release = fd, release
	if trace := onOpen.Load(); trace != nil {
		(*trace)(fd)
	}
}

// FD returns the number, or -1 after Close.
func (d *Descriptor) FD() int {
	if d.release == nil || d.Closed() {
		return -1
	}
	return d.fd
}

// Closed reports whether Close was called.
func (d *Descriptor) Closed() bool { return d.state.Load()&closed != 0 }

// Acquire makes the caller a user and returns the number, which stays valid until Done. The error
// is os.ErrClosed after Close, and for a Descriptor that was never set.
func (d *Descriptor) Acquire() (int, error) {
	for {
		state := d.state.Load()
		if state&closed != 0 || d.release == nil {
			return -1, os.ErrClosed
		}
		if d.state.CompareAndSwap(state, state+oneUser) {
			return d.fd, nil
		}
	}
}

// Done ends the use that Acquire began, and reports whether Close was called in the meantime.
func (d *Descriptor) Done() (isClosed bool) {
	state := d.state.Add(math.MaxUint64 - oneUser + 1)
	if state == closed {
		// Close has returned already, so no caller is left to receive the error.
		_ = d.release(d.fd)
	}
	return state&closed != 0
}

// Close marks the descriptor as closed, and releases it as soon as it has no user. If it has users,
// Close calls wake, which must make them finish. A second Close returns os.ErrClosed.
func (d *Descriptor) Close(wake func(fd int)) error {
	for {
		state := d.state.Load()
		if state&closed != 0 || d.release == nil {
			return os.ErrClosed
		}
		// Close is a user itself, so the number stays valid for wake.
		if !d.state.CompareAndSwap(state, (state+oneUser)|closed) {
			continue
		}
		if state != 0 {
			wake(d.fd)
		}
		if d.state.Add(math.MaxUint64-oneUser+1) == closed {
			return d.release(d.fd)
		}
		return nil
	}
}

// onOpen is called for every descriptor that is set. Tests use it to find where a leaked descriptor
// was opened.
var onOpen atomic.Pointer[func(fd int)]

// Trace makes every later Set call f.
func Trace(f func(fd int)) { onOpen.Store(&f) }
