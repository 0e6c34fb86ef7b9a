//go:build unix && !linux

package epoll

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"iomux/internal/epollemu"
	"iomux/internal/freelist"
	"iomux/internal/sys"
)

// Native reports whether the kernel of this system has epoll.
const Native = false

// state is an emulation of epoll.
type state struct {
	emulated *emulation // nil if the Poller was never opened
	spare    freelist.Slices[epollemu.Event]
}

func create() (*Poller, error) {
	emulated, err := open()
	if err != nil {
		return nil, err
	}
	return &Poller{state{emulated: emulated}}, nil
}

func number(p *Poller) int {
	if p.emulated == nil {
		return -1
	}
	return p.emulated.FD()
}

func control(p *Poller, op operation, fd int, events Events, data uint64) error {
	if p.emulated == nil {
		return errClosed
	}
	var err error
	switch op {
	case add:
		err = p.emulated.Add(fd, uint32(events), data)
	case modify:
		err = p.emulated.Modify(fd, uint32(events), data)
	case remove:
		err = p.emulated.Remove(fd)
	}
	switch errno, isErrno := err.(syscall.Errno); {
	case isErrno:
		return sys.EpollError(fd, errno)
	case err == errors.ErrUnsupported:
		return fmt.Errorf("epoll: descriptor %d: %v: %w on %s", fd, events, err, runtime.GOOS)
	}
	return closeErrors.Of(err)
}

func wait(p *Poller, events []Event, d time.Duration) (int, error) {
	switch {
	case number(p) < 0:
		return 0, errClosed
	case len(events) == 0:
		return 0, errNoRoom()
	}
	taken := p.spare.Get(min(len(events), 1<<16))
	defer p.spare.Put(taken)
	n, err := p.emulated.Take(taken, d)
	for i, event := range taken[:n] {
		fd, tag := split(event.Data)
		events[i] = Event{Events: Events(event.Events), FD: fd, Tag: tag}
	}
	return n, closeErrors.Of(err)
}

func end(p *Poller) error {
	if p.emulated == nil {
		return errClosed
	}
	return closeErrors.Of(p.emulated.Close())
}
