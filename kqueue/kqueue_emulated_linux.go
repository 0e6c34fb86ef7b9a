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

// state is the emulation. All Queues of one epoll share it.
type state struct{ emulated *kqueueemu.Queue }

func create() (*Queue, error) {
	emulated, fd, call, err := kqueueemu.New()
	if err != nil {
		return nil, os.NewSyscallError(call, err)
	}
	return own(fd, state{emulated}), nil
}

// find returns the state of the queue with the descriptor fd.
func find(fd int) (state, error) {
	if !sys.IsOpen(fd) {
		return state{}, sys.NewError("kevent", fd, unix.EBADF, "it is not open")
	}
	switch emulated, errno := kqueueemu.Find(fd); errno {
	case 0:
		return state{emulated}, nil
	case kqueueemu.ErrNoProc:
		return state{}, sys.NewError("kevent", fd, errno, "mount /proc to find the queue")
	default:
		return state{}, sys.NewError("kevent", fd, errno, "it is not a queue of this process")
	}
}

func release(s *shared, fd int) { s.state.emulated.Release(fd, s.woken) }

func wake(s *shared, _ int) { s.state.emulated.Wake() }

// advice returns what to do after a failed change.
func advice(change kevent.Event, errno syscall.Errno) string {
	isFile := change.Filter == kevent.FilterVnode || change.Filter == kevent.FilterRead && sys.IsFile(int(change.Ident))
	switch {
	case errno == kqueueemu.ErrNoProc && (isFile || change.Filter == kevent.FilterFS):
		return "mount /proc, which the filter needs"
	case isFile:
		return sys.InotifyAdvice(errno)
	case errno == unix.ENOSPC:
		return sys.EpollWatches
	}
	return ""
}

func control(q *Queue, fd int, changes, events []kevent.Event, d time.Duration) (int, error) {
	emulated := q.shared.state.emulated
	if len(changes) > 0 {
		n, err := apply(fd, changes, events, func(change kevent.Event) syscall.Errno { return emulated.Change(fd, change) })
		if n > 0 || err != nil {
			return n, err
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	for left := timeout.Start(d); ; {
		n, again, errno := emulated.Wait(fd, events, &left)
		switch rest := left.Left(); {
		case n > 0 || q.handle.Closed() || errno == 0 && !again && rest == 0:
			return n, nil
		case errno == 0 && !again:
			errno = emulated.Sleep(fd, rest)
		}
		if errno != 0 && !left.Again(0, errno) {
			return 0, waitError(fd, errno)
		}
	}
}
