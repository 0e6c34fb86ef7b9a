// Package waker wakes a goroutine that is blocked in a system call on descriptors: the waker is one more of them, which becomes
// readable when it is rung.
package waker

import (
	"context"
	"sync/atomic"
)

// Waker is a descriptor that can be made readable from anywhere. Its zero value is a closed one.
type Waker struct {
	ends
	rung atomic.Bool
}

// Acquire makes the caller a user of the descriptor to wait on: its number stays valid until Done. It fails with os.ErrClosed
// after Close.
func (b *Waker) Acquire() (fd int, err error) { return b.reader.Acquire() }

// Done ends what Acquire began.
func (b *Waker) Done() { b.reader.Done() }

// Wake makes the descriptor readable, until Clear. It may be called at any time, and does not block.
func (b *Waker) Wake() {
	if !b.rung.Swap(true) {
		b.ring()
	}
}

// Clear makes the descriptor unreadable. What was done before a Wake that it undoes is seen by the caller after Clear: it must look
// for that only then.
func (b *Waker) Clear() {
	b.drain()
	b.rung.Store(false) // not before: a Wake between the two would be drained, and the next ones believe it to be heard
}

// Until calls wait with a descriptor that becomes readable when ctx is done, and is closed when wait returns.
func Until(ctx context.Context, wait func(fd int) error) error {
	b, err := New()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, b.Wake)()
	fd, err := b.Acquire()
	if err == nil {
		err = wait(fd)
		b.Done()
	}
	if errClose := b.Close(); err == nil {
		err = errClose
	}
	return err
}
