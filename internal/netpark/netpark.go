// Package netpark lets a goroutine wait for an epoll to become readable in the Go scheduler, without a thread: the epoll becomes
// a descriptor that the Go runtime polls.
package netpark

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Parker is where one goroutine at a time can park.
type Parker struct {
	file *os.File
	raw  syscall.RawConn
	// dirty tells that the file may have a deadline.
	dirty atomic.Bool
}

// New makes a place of fd, which remains the caller's: the place has a duplicate of its own.
func New(fd int) (*Parker, error) {
	twin, err := duplicate(fd)
	if err != nil {
		return nil, err
	}
	// A file that is not in non-blocking mode would not be polled by the runtime, but block.
	if err := setNonblock(twin); err != nil {
		_ = closeFD(twin) // the first error tells more
		return nil, err
	}
	p := &Parker{file: os.NewFile(uintptr(twin), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	// A file that the runtime does not poll has no deadlines.
	if err := p.file.SetReadDeadline(time.Time{}); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// Park parks until look returns true. It calls it first before it parks, and then when the descriptor has become readable.
// It returns nil early after Unpark, and after the time of Until is over. An Unpark between two Waits may be forgotten: look has
// to know by itself why it should not park.
func (p *Parker) Park(look func(uintptr) bool) error {
	if p.dirty.Swap(false) {
		if err := p.file.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}
	err := p.raw.Read(look)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.dirty.Store(true)
		return nil
	}
	return err
}

// Until sets how long a Wait parks at most. It is called from within look.
func (p *Parker) Until(left time.Duration) error {
	p.dirty.Store(true)
	return p.file.SetReadDeadline(time.Now().Add(left))
}

// Unpark ends a Wait under way. It may be called at any time.
func (p *Parker) Unpark() {
	p.dirty.Store(true)
	_ = p.file.SetReadDeadline(longAgo) // it fails after Close only, which ends a Wait itself
}

var longAgo = time.Unix(1, 0)

// Close ends a Wait with an error.
func (p *Parker) Close() error { return p.file.Close() }
