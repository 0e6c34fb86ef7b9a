//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// all maps the numbers of queues to their *shared.
var all sync.Map

// own returns a Queue that is the first of its number.
func own(fd int, state state) *Queue {
	s := &shared{state: state}
	s.descriptor.Set(fd, func(fd int) error {
		all.CompareAndDelete(fd, s)
		release(s, fd)
		return os.NewSyscallError("close", unix.Close(fd))
	})
	all.Store(fd, s)
	return &Queue{shared: s}
}

var adopting sync.Mutex

func adopt(fd int) (*Queue, error) {
	adopting.Lock()
	defer adopting.Unlock()
	found, err := find(fd)
	if err != nil {
		return nil, err
	}
	value, known := all.Load(fd)
	if !known || value.(*shared).state != found {
		return own(fd, found), nil
	}
	same := value.(*shared)
	if same.descriptor.Closed() { // its last waiter closes fd
		return nil, sys.NewError("kevent", fd, unix.EBADF, "its Queue is closed")
	}
	return &Queue{shared: same}, nil
}
