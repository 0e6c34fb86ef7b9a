package netpark

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Parker parks one goroutine at a time.
type Parker struct {
	file *os.File
	raw  syscall.RawConn
	// hasDeadline is set if the file may have a deadline.
	hasDeadline atomic.Bool
}

// New returns a Parker for fd. The Parker uses a duplicate, so the caller still owns fd.
func New(fd int) (*Parker, error) {
	if err := Start(); err != nil {
		return nil, err
	}
	duplicate, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	// The netpoller accepts non-blocking files only.
	if err := unix.SetNonblock(duplicate, true); err != nil {
		_ = unix.Close(duplicate) // the first error matters more
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &Parker{file: os.NewFile(uintptr(duplicate), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	// A file outside the netpoller has no deadlines.
	if err := p.file.SetReadDeadline(time.Time{}); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// Park calls look, and returns if look returns true. Otherwise it parks until the descriptor is
// readable, and calls look again.
//
// Park also returns nil after Unpark, and when the time set with Deadline has passed. An Unpark
// between two calls of Park may be lost, so look must check whether there is still a reason to
// park.
func (p *Parker) Park(look func(uintptr) bool) error {
	if p.hasDeadline.Swap(false) {
		if err := p.file.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}
	err := p.raw.Read(look)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.hasDeadline.Store(true)
		return nil
	}
	return err
}

// Deadline makes the current Park return after left at the latest. Call it from look.
func (p *Parker) Deadline(left time.Duration) error {
	p.hasDeadline.Store(true)
	return p.file.SetReadDeadline(time.Now().Add(left))
}

// Unpark makes the current Park return. It may be called at any time from any goroutine.
func (p *Parker) Unpark() {
	p.hasDeadline.Store(true)
	_ = p.file.SetReadDeadline(longAgo) // fails only after Close, which ends Park itself
}

var longAgo = time.Unix(1, 0)

// Close makes the current Park and later ones fail. The descriptor passed to New stays open.
func (p *Parker) Close() error { return p.file.Close() }
