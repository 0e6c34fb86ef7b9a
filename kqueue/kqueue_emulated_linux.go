package kqueue

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/kqueueemu"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has kqueue.
const Native = false

// state is the part of a Queue besides its descriptor.
type state struct {
	emulated *kqueueemu.Queue // all Queues of one descriptor share it
	woken    bool
}

func create() (*Queue, error) {
	emulated, fd, call, err := kqueueemu.New()
	if err != nil {
		return nil, os.NewSyscallError(call, err)
	}
	return own(fd, emulated), nil
}

func adopt(fd int) (*Queue, error) {
	if !sys.IsOpen(fd) {
		return nil, sys.NewError("kevent", fd, unix.EBADF, "it is not open")
	}
	switch emulated, errno := kqueueemu.Find(fd); errno {
	case 0:
		return own(fd, emulated), nil
	case kqueueemu.ErrNoProc:
		return nil, sys.NewError("kevent", fd, errno, "mount /proc to find the queue")
	default:
		return nil, sys.NewError("kevent", fd, errno, "it is not a queue of this process")
	}
}

func own(fd int, emulated *kqueueemu.Queue) *Queue {
	q := new(Queue)
	q.emulated = emulated
	q.descriptor.Set(fd, func(fd int) error { return release(q, fd) })
	return q
}

// release closes the descriptor. With the last descriptor it also closes the emulation.
func release(q *Queue, fd int) error {
	err := error(unix.EBADF)
	if q.emulated.Release(fd, q.woken) {
		err = unix.Close(fd)
	}
	return os.NewSyscallError("close", err)
}

func wake(q *Queue, _ int) {
	q.woken = true
	q.emulated.Wake()
}

func control(q *Queue, fd int, changes, events []kevent.Event, d time.Duration) (int, error) {
	if len(changes) > 0 {
		n, err := apply(changes, events, func(change kevent.Event) syscall.Errno { return q.emulated.Change(fd, change) })
		if n > 0 || err != nil {
			return n, err
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	for left := timeout.Start(d); ; {
		n, again, errno := q.emulated.Wait(fd, events, &left)
		switch rest := left.Left(); {
		case n > 0 || q.descriptor.Closed() || errno == 0 && !again && rest == 0:
			return n, nil
		case errno == 0 && !again:
			errno = q.emulated.Sleep(fd, rest)
		}
		if errno != 0 && !left.Again(0, errno) {
			return 0, waitError(fd, errno)
		}
	}
}
