package epoll

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"iomux/internal/afd"
	"iomux/internal/sys"
)

// Native reports whether the kernel of this system has epoll.
const Native = false

// supported holds the events of the driver. They have the same numbers in package afd.
const supported = In | Pri | Out | Err | Hup | RdHup | RdNorm | RdBand | WrNorm | WrBand | OneShot

type state struct{ driver afd.Poller }

func create() (*Poller, error) {
	p := new(Poller)
	if err := p.driver.Open(); err != nil {
		return nil, err
	}
	return p, nil
}

func adopt(int) (*Poller, error) {
	return nil, fmt.Errorf("epoll: FromFD: %w on Windows: no handle is an epoll", errors.ErrUnsupported)
}

func number(p *Poller) int { return p.driver.FD() }

func control(p *Poller, op operation, fd int, events Events, data uint64) error {
	port := p.driver.FD()
	var err error
	switch {
	case port < 0:
		return errClosed
	case fd < 0 || fd > math.MaxInt32: // handles are smaller
		err = syscall.EBADF
	case fd == port:
		err = syscall.EINVAL
	case op == remove:
		err = p.driver.Unregister(fd)
	case events&^supported != 0:
		return fmt.Errorf("epoll: descriptor %d: %v: %w on Windows", fd, events&^supported, errors.ErrUnsupported)
	case op == add:
		err = p.driver.Register(fd, afd.Events(events), data)
	default:
		err = p.driver.Modify(fd, afd.Events(events), data)
	}
	if err == nil || err == os.ErrClosed {
		return closeErrors.Of(err)
	}
	return sys.EpollError(fd, err)
}

func wait(p *Poller, events []Event, d time.Duration) (int, error) {
	if p.driver.FD() >= 0 && len(events) == 0 {
		return 0, errNoRoom()
	}
	taken := 0
	n, err := p.driver.Wait(len(events), d, func(ready afd.Ready) {
		fd, tag := split(ready.Tag)
		events[taken] = Event{Events: Events(ready.Events), FD: fd, Tag: tag}
		taken++
	})
	return n, closeErrors.Of(err)
}

func end(p *Poller) error { return closeErrors.Of(p.driver.Close()) }
