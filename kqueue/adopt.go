//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"os"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// queues holds the shared parts of all Queues.
var queues fdref.Registry[*shared]

// own returns a Queue of the new kqueue fd.
func own(fd int, state state) *Queue {
	s := &shared{state: state}
	queues.Add(fd, s)
	return s.queue()
}

func adopt(fd int) (*Queue, error) {
	s, err := queues.Share(fd, func(known *shared) (*shared, error) {
		found, err := find(fd)
		switch {
		case err != nil:
			return nil, err
		case known != nil && known.state == found:
			return known, nil
		}
		return &shared{state: found}, nil
	})
	switch err {
	case nil:
		return s.queue(), nil
	case os.ErrClosed: // its last waiter closes fd
		return nil, sys.NewError("kevent", fd, unix.EBADF, "its Queue is closed")
	}
	return nil, err
}

func (s *shared) queue() *Queue {
	return &Queue{handle: fdref.Handle{Descriptor: &s.Descriptor}, shared: s}
}

// Release closes the number.
func (s *shared) Release(fd int) error {
	release(s, fd)
	return os.NewSyscallError("close", unix.Close(fd))
}
