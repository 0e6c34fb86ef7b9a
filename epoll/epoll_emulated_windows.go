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

// Native tells whether the kernel of this system has epoll.
const Native = false

const (
	add = iota
	modify
	remove
)

// supported is what the driver can tell. Its numbers are the same here and in package afd.
const supported = In | Pri | Out | Err | Hup | RdHup | RdNorm | RdBand | WrNorm | WrBand | OneShot

var errNoRoom = fmt.Errorf("%w: no room for events", os.NewSyscallError("epoll_wait", syscall.EINVAL))

type poller struct{ descriptor afd.Poller }

func create(flags []Flag) (*Poller, error) {
	for _, flag := range flags {
		if flag&^CloseOnExec != 0 {
			return nil, os.NewSyscallError("epoll_create1", syscall.EINVAL)
		}
	}
	p := new(Poller)
	if err := p.descriptor.Open(); err != nil {
		return nil, err
	}
	return p, nil
}

func adopt(int) (*Poller, error) {
	return nil, fmt.Errorf("epoll: %w on Windows: an epoll there is no handle that could be taken over", errors.ErrUnsupported)
}

func (p *poller) control(op, fd int, events Events, tag uint32) error {
	port := p.descriptor.FD()
	var err error
	switch {
	case port < 0:
		return errClosed
	case fd < 0 || fd > math.MaxInt32: // handles are smaller
		err = syscall.EBADF
	case fd == port:
		err = syscall.EINVAL
	case op == remove:
		err = p.descriptor.Unregister(fd)
	case events&^supported != 0:
		return fmt.Errorf("epoll: %v: %w on Windows", events&^supported, errors.ErrUnsupported)
	case op == add:
		err = p.descriptor.Register(fd, afd.Events(events), tag)
	default:
		err = p.descriptor.Modify(fd, afd.Events(events), tag)
	}
	switch err {
	case nil:
		return nil
	case os.ErrClosed:
		return errClosed
	}
	return controlError(fd, err)
}

func (p *poller) wait(events []Event, d time.Duration) (int, error) {
	if p.descriptor.FD() >= 0 && len(events) == 0 {
		return 0, errNoRoom
	}
	taken := 0
	n, err := p.descriptor.Wait(len(events), d, func(ready afd.Ready) {
		events[taken] = Event{Events: Events(ready.Events), FD: int32(ready.Socket), Tag: ready.Tag}
		taken++
	})
	if err == os.ErrClosed {
		err = errClosed
	}
	return n, err
}

func (p *poller) close() error {
	err := p.descriptor.Close()
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

// controlError tells what err of a socket means, and what to do.
func controlError(fd int, reason error) error {
	err := &sys.Error{Call: "epoll_ctl", FD: fd, Err: reason}
	switch reason {
	case syscall.EBADF:
		err.Advice = "it is not open"
	case syscall.EEXIST:
		err.Advice = "registered already: use Modify"
	case syscall.ENOENT:
		err.Advice = "not registered, or closed and opened again since"
	case syscall.EINVAL:
		err.Advice = "the poller itself"
	}
	return err
}
