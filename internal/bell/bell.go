// Package bell wakes a goroutine that is blocked in a system call on descriptors: the bell is one more of them, which becomes
// readable when it is rung.
package bell

import (
	"context"
	"sync/atomic"
)

// Bell is a descriptor that can be made readable from anywhere. Its zero value is a closed one.
type Bell struct {
	ends
	rung atomic.Bool
}

// Acquire makes the caller a user of the descriptor to wait on: its number stays valid until Done. It fails with os.ErrClosed
// after Close.
func (b *Bell) Acquire() (fd int, err error) { return b.reader.Acquire() }

// Done ends what Acquire began.
func (b *Bell) Done() { b.reader.Done() }

// Ring makes the bell readable, until Quiet. It may be called at any time, and does not block.
func (b *Bell) Ring() {
	if !b.rung.Swap(true) {
		b.ring()
	}
}

// Quiet makes the bell unreadable. What was done before a Ring that it undoes is seen by the caller after Quiet: it must look
// for that only then.
func (b *Bell) Quiet() {
	b.drain()
	b.rung.Store(false) // not before: a Ring between the two would be drained, and the next ones believe it to be heard
}

// Until calls wait with a descriptor that becomes readable when ctx is done, and is closed when wait returns.
func Until(ctx context.Context, wait func(fd int) error) error {
	b, err := New()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, b.Ring)()
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
