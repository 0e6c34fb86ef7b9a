//go:build aix || linux || solaris

package epollemu

import (
	"errors"
	"math"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/eventport"
	"iomux/internal/fdref"
	"iomux/internal/fdtable"
	"iomux/internal/freelist"
	"iomux/internal/sys"
)

// Ports is an epoll on top of an event port. It is safe for concurrent use.
type Ports struct {
	calls eventport.Calls
	port  fdref.Descriptor
	rooms freelist.Slices[eventport.Event]
	lists freelist.Slices[sys.PollFD]

	mu      sync.Mutex // never held during a wait
	entries fdtable.Table[association]
	failed  []int32 // descriptors whose association failed and must be repeated
	found   []*association
}

// association is a registered descriptor.
type association struct {
	events   uint32
	data     uint64
	file     file
	disarmed bool // a one-shot registration after its report
}

// OpenPorts returns a Ports on a new port of the given calls.
func OpenPorts(calls eventport.Calls) (*Ports, error) {
	fd, err := calls.Create()
	if err != nil {
		return nil, err
	}
	p := &Ports{calls: calls}
	p.port.Set(fd, calls.Close)
	return p, nil
}

// FD returns the descriptor of the port, or -1 after Close.
func (p *Ports) FD() int { return p.port.FD() }

// Close closes the port. Goroutines in Take return os.ErrClosed.
func (p *Ports) Close() error {
	return p.port.Close(func(at int) { _ = p.calls.Send(at) })
}

// Add registers fd. Its errors are those of epoll_ctl(2) with EPOLL_CTL_ADD, as a syscall.Errno,
// os.ErrClosed, and errors.ErrUnsupported for a condition or a mode that ports lack.
func (p *Ports) Add(fd int, events uint32, data uint64) error {
	at, err := p.port.Acquire()
	if err != nil {
		return err
	}
	defer p.port.Done()
	if refuses(events) {
		return errors.ErrUnsupported
	}
	f, err := p.check(at, fd)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	number := int32(fd)
	if p.isDuplicate(at, number, f) {
		return unix.EEXIST
	}
	p.entries.Set(number, nil)
	if err := associateError(p.calls.Associate(at, number, toPoll(events))); err != nil {
		return err
	}
	p.entries.Set(number, &association{events: events, data: data, file: f})
	return nil
}

// Modify changes a registration and arms it again. Its errors are those of epoll_ctl(2) with
// EPOLL_CTL_MOD, os.ErrClosed, and errors.ErrUnsupported for a condition or a mode that ports lack.
// After an error the registration is unchanged.
func (p *Ports) Modify(fd int, events uint32, data uint64) error {
	if refuses(events) {
		return errors.ErrUnsupported
	}
	return p.change(fd, func(at int, entry *association) error {
		if err := associateError(p.calls.Associate(at, int32(fd), toPoll(events))); err != nil {
			return err
		}
		entry.events, entry.data, entry.disarmed = events, data, false
		return nil
	})
}

// Remove removes a registration. Its errors are those of epoll_ctl(2) with EPOLL_CTL_DEL and
// os.ErrClosed.
func (p *Ports) Remove(fd int) error {
	return p.change(fd, func(at int, _ *association) error {
		p.entries.Set(int32(fd), nil)
		_ = p.calls.Dissociate(at, int32(fd)) // fails after its report
		return nil
	})
}

// change calls do with the entry of a registered descriptor.
func (p *Ports) change(fd int, do func(at int, entry *association) error) error {
	at, err := p.port.Acquire()
	if err != nil {
		return err
	}
	defer p.port.Done()
	f, err := p.check(at, fd)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := p.entries.Get(int32(fd))
	if entry != nil && entry.file != f {
		p.entries.Set(int32(fd), nil)
		entry = nil
	}
	if entry == nil {
		return unix.ENOENT
	}
	return do(at, entry)
}

// isDuplicate reports whether a descriptor, whose file is f, is already registered. fstat(2) may
// not distinguish the registered file from f. So isDuplicate also checks the port, which drops a
// closed descriptor.
func (p *Ports) isDuplicate(at int, fd int32, f file) bool {
	entry := p.entries.Get(fd)
	if entry == nil || entry.file != f {
		return false
	}
	if entry.disarmed {
		return true
	}
	if p.calls.Dissociate(at, fd) == unix.ENOENT {
		return false
	}
	p.again(at, fd, entry)
	return true
}

// refuses reports whether a registration has a mode that ports cannot emulate, or waits for RdHup
// alone although poll(2) does not report it.
func refuses(events uint32) bool {
	if events&(ET|Exclusive) != 0 {
		return true
	}
	return !pollReportsRdHup && events&RdHup != 0 && events&readable == 0
}

const pollReportsRdHup = sys.PollRdHup != sys.PollAbsent || sys.PollAbsent == 0

// check returns the errors that do not depend on the registrations.
func (p *Ports) check(at, fd int) (file, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return file{}, unix.EBADF
	}
	f, errno := fileOf(fd)
	if errno != 0 {
		return file{}, errno
	}
	if fd == at {
		return file{}, unix.EINVAL
	}
	return f, nil
}

// associateError returns the error of epoll_ctl(2) for the errno of port_associate(3C).
func associateError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case eventport.EBADFD:
		return unix.EBADF
	case unix.ENOTSUP:
		return unix.EPERM
	}
	return errno
}
