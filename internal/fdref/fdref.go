// Package fdref guards a descriptor that an object of this project owns against the race that is hardest to see: a number
// closed, and reused by somebody else, while a goroutine is about to wait on it.
package fdref

import (
	"math"
	"os"
	"sync/atomic"
)

// closed is the lowest bit of a Descriptor's state; the users are counted above it.
const (
	closed  = 1
	oneUser = 2
)

// Descriptor is a descriptor with a count of its users. The last one of them, after Close, closes it.
type Descriptor struct {
	state atomic.Uint64
	fd    int
	// release gives the descriptor back to the system: it is called once, when Close was called and nobody uses it.
	release func(fd int) error
}

// Set makes d own fd. It is called once, before d is shared.
func (d *Descriptor) Set(fd int, release func(fd int) error) {
	d.fd, d.release = fd, release
	if trace := onOpen.Load(); trace != nil {
		(*trace)(fd)
	}
}

// FD is the number, or -1 once Close was called.
func (d *Descriptor) FD() int {
	if d.release == nil || d.Closed() {
		return -1
	}
	return d.fd
}

// Closed reports whether Close was called.
func (d *Descriptor) Closed() bool { return d.state.Load()&closed != 0 }

// Acquire makes the caller a user of the descriptor: its number stays valid until Done. It fails with os.ErrClosed after
// Close, and for an object that was never opened.
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

// Done ends what Acquire began, and reports whether Close was called meanwhile.
func (d *Descriptor) Done() (isClosed bool) {
	state := d.state.Add(math.MaxUint64 - oneUser + 1)
	if state == closed {
		// Close has returned already, or is not the last user: there is nobody left to take the error.
		_ = d.release(d.fd)
	}
	return state&closed != 0
}

// Close marks the descriptor closed, wakes its other users by calling wake, and closes the number as soon as none is left.
// A second call is os.ErrClosed, like every use after the first.
func (d *Descriptor) Close(wake func(fd int)) error {
	for {
		state := d.state.Load()
		if state&closed != 0 || d.release == nil {
			return os.ErrClosed
		}
		// Close is a user itself, so that the number stays valid for wake.
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

// onOpen is told of every descriptor that is set: tests find out there where a leaked one came from.
var onOpen atomic.Pointer[func(fd int)]

// Trace makes f hear of every descriptor that is owned from now on.
func Trace(f func(fd int)) { onOpen.Store(&f) }
