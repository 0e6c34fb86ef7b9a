//go:build linux

package main

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/devpoll"
	"iomux/epoll"
	"iomux/internal/epollemu"
	"iomux/poll"
	"iomux/selectfd"
)

// mechanism holds the functions that the scenario of an object calls. close may be nil.
type mechanism struct {
	register, modify, unregister func(fd int) error
	wait                         func(timeout time.Duration) (fds []int, err error)
	close                        func() error
}

// mechanisms maps the name of each object to the function that creates it.
var mechanisms = map[string]func() (mechanism, error){
	"epoll.Poller":      newEpoll,
	"epoll over kqueue": newEmulated,
	"kqueue.Queue":      newQueue,
	"kqueue, shared":    newSharedQueue,
	"kqueue, timer":     newTimers,
	"kqueue, vnode":     newFiles,
	"kqueue, process":   newProcesses,
	"kqueue, netdev":    newLinks,
	"poll.Poller":       newPoll,
	"devpoll.Poller":    newDevPoll,
	"selectfd":          newSelect,
	"descriptor":        newReader,
}

func newEpoll() (m mechanism, err error) {
	p, err := epoll.New()
	if err != nil {
		return m, err
	}
	return mechanism{
		register:   func(fd int) error { return p.Register(fd, epoll.In) },
		modify:     func(fd int) error { return p.Modify(fd, epoll.In|epoll.Pri) },
		unregister: p.Unregister,
		close:      p.Close,
		wait: func(timeout time.Duration) (fds []int, err error) {
			events := make([]epoll.Event, 4)
			n, err := p.Poll(events, timeout)
			for _, event := range events[:n] {
				fds = append(fds, int(event.FD))
			}
			return fds, err
		},
	}, nil
}

// newEmulated returns an epoll emulated with a kqueue, which is itself emulated on Linux.
func newEmulated() (m mechanism, err error) {
	e, err := epollemu.New()
	if err != nil {
		return m, err
	}
	return mechanism{
		register:   func(fd int) error { return e.Add(fd, epollemu.In, uint64(fd)) },
		modify:     func(fd int) error { return e.Modify(fd, epollemu.In|epollemu.Pri, uint64(fd)) },
		unregister: e.Remove,
		close:      e.Close,
		wait: func(timeout time.Duration) (fds []int, err error) {
			events := make([]epollemu.Event, 4)
			n, err := e.Take(events, timeout)
			for _, event := range events[:n] {
				fds = append(fds, int(event.FD))
			}
			return fds, err
		},
	}, nil
}

func newPoll() (m mechanism, err error) {
	p := poll.New()
	return mechanism{
		register:   func(fd int) error { return p.Register(fd, poll.In) },
		modify:     func(fd int) error { return p.Modify(fd, poll.In|poll.Pri) },
		unregister: p.Unregister,
		wait: func(timeout time.Duration) (fds []int, err error) {
			events := make([]poll.Event, 4)
			n, err := p.Poll(events, timeout)
			for _, event := range events[:n] {
				fds = append(fds, event.FD)
			}
			return fds, err
		},
	}, nil
}

func newDevPoll() (m mechanism, err error) {
	p, err := devpoll.New()
	if err != nil {
		return m, err
	}
	return mechanism{
		register:   func(fd int) error { return p.Register(fd, devpoll.In) },
		modify:     func(fd int) error { return p.Modify(fd, devpoll.In|devpoll.Pri) },
		unregister: p.Unregister,
		close:      p.Close,
		wait: func(timeout time.Duration) (fds []int, err error) {
			events := make([]devpoll.Event, 4)
			n, err := p.Poll(events, timeout)
			for _, event := range events[:n] {
				fds = append(fds, event.FD)
			}
			return fds, err
		},
	}, nil
}

func newSelect() (m mechanism, err error) {
	var fds []int
	return mechanism{
		register:   func(fd int) error { fds = []int{fd}; return nil },
		modify:     func(int) error { return nil },
		unregister: func(int) error { fds = nil; return nil },
		wait: func(timeout time.Duration) (ready []int, err error) {
			ready, _, _, err = selectfd.Select(fds, nil, nil, timeout)
			return ready, err
		},
	}, nil
}

// newReader waits with repeated reads. It writes each byte back, so that the pipe stays readable.
func newReader() (m mechanism, err error) {
	var fds [2]int
	return mechanism{
		register:   func(fd int) error { fds = [2]int{fd, fd + 1}; return nil },
		modify:     func(int) error { return nil },
		unregister: func(int) error { fds[0] = -1; return nil },
		wait: func(timeout time.Duration) ([]int, error) {
			for end := time.Now().Add(timeout); fds[0] >= 0; time.Sleep(100 * time.Microsecond) {
				n, err := descriptor.TryRead(fds[0], make([]byte, 1))
				if n == 1 && err == nil {
					persist("TryWrite", func() error {
						_, err := descriptor.TryWrite(fds[1], []byte{1})
						return err
					})
					return fds[:1], nil
				}
				if !errors.Is(err, unix.EAGAIN) || time.Now().After(end) {
					return nil, err
				}
			}
			return nil, nil
		},
	}, nil
}

// runMechanism runs one scenario of an object.
func runMechanism(w *fixture, open func() (mechanism, error)) {
	var m mechanism
	persist("New", func() (err error) {
		m, err = open()
		return err
	})
	persist("Register", func() error { return m.register(w.r) })
	for _, timeout := range []time.Duration{time.Millisecond, soon} {
		written := w.writeLater()
		m.await(w.r, timeout)
		written()
		w.drain()
		persist("Modify", func() error { return m.modify(w.r) })
	}
	w.write()
	m.await(w.r, 0)
	persist("Unregister", func() error { return m.unregister(w.r) })
	if fds, _ := m.wait(3 * time.Millisecond); len(fds) > 0 {
		fail("after Unregister: %v", fds)
	}
	w.drain()
	if m.close == nil {
		return
	}
	later := time.AfterFunc(3*time.Millisecond, func() { _ = m.close() })
	defer later.Stop()
	for range 10 {
		if _, err := m.wait(-1); errors.Is(err, os.ErrClosed) {
			return
		}
	}
	fail("Close does not end the wait")
}

// await waits until fd is reported. A wait may fail once for each thread that a fault affects.
func (m mechanism) await(fd int, timeout time.Duration) {
	for start, failures := time.Now(), 0; time.Since(start) < soon; {
		fds, err := m.wait(timeout)
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			if failures++; failures > 10 {
				fail("the wait keeps failing: %v", err)
			}
		}
		if len(fds) > 0 && fds[0] == fd {
			return
		}
	}
	fail("an event is lost")
}
