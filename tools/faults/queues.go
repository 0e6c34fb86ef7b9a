//go:build linux

package main

import (
	"errors"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

func newQueue() (m mechanism, err error) {
	return newQueueOf(readable)
}

func readable(fd int) kqueue.Event { return kqueue.Event{Ident: uint64(fd), Filter: kqueue.FilterRead} }

// newSharedQueue returns a queue of a duplicate of another queue's descriptor.
func newSharedQueue() (m mechanism, err error) {
	first, err := kqueue.New()
	if err != nil {
		return m, err
	}
	duplicate, err := unix.FcntlInt(uintptr(first.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return m, errors.Join(err, first.Close())
	}
	second, err := kqueue.FromFD(duplicate)
	if err != nil {
		return m, errors.Join(err, first.Close(), unix.Close(duplicate))
	}
	return around(second, readable), first.Close()
}

// newTimers returns a queue that watches a timer instead of the pipe.
func newTimers() (m mechanism, err error) {
	return newQueueOf(func(fd int) kqueue.Event {
		return kqueue.Event{Ident: uint64(fd), Filter: kqueue.FilterTimer, Data: 2}
	})
}

// newFiles returns a queue that watches a file instead of the pipe.
func newFiles() (m mechanism, err error) {
	file, err := os.Create(watched)
	if err != nil {
		return m, err
	}
	return newProvoked(func(int) kqueue.Event {
		return kqueue.Event{Ident: uint64(file.Fd()), Filter: kqueue.FilterVnode, Fflags: kqueue.NoteWrite, Flags: kqueue.EvClear}
	}, func() error {
		_, err := file.WriteString("x")
		return err
	}, file.Close)
}

// newLinks returns a queue that watches the loopback interface in a network namespace of the
// thread.
func newLinks() (m mechanism, err error) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return m, err
	}
	const loopback = 1
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return m, err
	}
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return m, errors.Join(err, unix.Close(fd))
	}
	return newProvoked(func(int) kqueue.Event {
		return kqueue.Event{Ident: loopback, Filter: kqueue.FilterNetdev, Fflags: kqueue.NoteLinkUp | kqueue.NoteLinkDown}
	}, func() error {
		request.SetUint16(request.Uint16() ^ unix.IFF_UP)
		err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
		if err != nil {
			request.SetUint16(request.Uint16() ^ unix.IFF_UP)
		}
		return err
	}, func() error { return unix.Close(fd) })
}

// newProcesses returns a queue that watches one child after the other.
func newProcesses() (m mechanism, err error) {
	isEnded := false
	m, err = newProvoked(func(int) kqueue.Event {
		if isEnded {
			children, isEnded = children[1:], false
		}
		return kqueue.Event{Ident: uint64(children[0].process.Pid), Filter: kqueue.FilterProc, Fflags: kqueue.NoteExit}
	}, func() error { return children[0].kill() }, func() error { return nil })
	wait, unregister := m.wait, m.unregister
	m.wait = func(timeout time.Duration) ([]int, error) {
		fds, err := wait(timeout)
		isEnded = isEnded || len(fds) > 0
		return fds, err
	}
	m.unregister = func(fd int) error {
		if isEnded { // the exit has ended the registration
			return nil
		}
		return unregister(fd)
	}
	return m, err
}

// newProvoked returns a queue that watches a source. Before each wait it calls provoke, which
// causes an event.
func newProvoked(source func(fd int) kqueue.Event, provoke, end func() error) (m mechanism, err error) {
	m, err = newQueueOf(source)
	if err != nil {
		return m, errors.Join(err, end())
	}
	register, wait, shut, number := m.register, m.wait, m.close, -1
	m.register = func(fd int) error {
		number = fd
		return register(fd)
	}
	m.wait = func(timeout time.Duration) ([]int, error) {
		errProvoke := provoke()
		if errProvoke != nil {
			timeout = 0
		}
		fds, err := wait(timeout)
		if err == nil && len(fds) == 0 {
			err = errProvoke
		}
		for i := range fds {
			fds[i] = number
		}
		return fds, err
	}
	m.close = func() error { return errors.Join(shut(), end()) }
	return m, nil
}

// newQueueOf returns a queue that registers the event that source returns for a descriptor.
func newQueueOf(source func(fd int) kqueue.Event) (m mechanism, err error) {
	q, err := kqueue.New()
	if err != nil {
		return m, err
	}
	return around(q, source), nil
}

func around(q *kqueue.Queue, source func(fd int) kqueue.Event) mechanism {
	change := func(flags kqueue.Flags) func(fd int) error {
		return func(fd int) error {
			event := source(fd)
			event.Flags |= flags
			_, err := q.Control([]kqueue.Event{event}, nil, 0)
			return err
		}
	}
	return mechanism{
		register:   change(kqueue.EvAdd),
		modify:     change(kqueue.EvAdd | kqueue.EvEnable),
		unregister: change(kqueue.EvDelete),
		close:      q.Close,
		wait: func(timeout time.Duration) (fds []int, err error) {
			events := make([]kqueue.Event, 4)
			n, err := q.Control(nil, events, timeout)
			for _, event := range events[:n] {
				fds = append(fds, int(event.Ident))
			}
			return fds, err
		},
	}
}
