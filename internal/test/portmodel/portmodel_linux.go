// Package portmodel models event ports of Solaris and illumos on Linux, for tests.
package portmodel

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/eventport"
	"iomux/internal/sys"
)

// Model behaves as event ports do, with the descriptors of this process:
//
//   - An association ends when its event is taken, after port_dissociate, which drops its event,
//     and without an event when the descriptor is closed.
//   - A descriptor that is ready when it is associated is reported as ready, even if it is no
//     longer ready when the event is taken. Associating it again replaces the association.
//   - A closed descriptor is EBADFD. Regular files are always ready for everything.
//   - Signals sometimes interrupt a wait.
//
// A port is a number of this process. Sleep looks at it again at short intervals.
type Model struct {
	// FailSends is how many of the next calls of Send fail with EAGAIN.
	FailSends atomic.Int32

	mu    sync.Mutex
	ports map[int]*port
}

type port struct {
	associated map[int32]uint16
	queue      []eventport.Event
}

// New returns a Model without ports.
func New() *Model { return &Model{ports: make(map[int]*port)} }

var _ eventport.Calls = (*Model)(nil)

// Create makes an epoll, which knows what happens to files and when they are closed.
func (m *Model) Create() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("port_create", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ports[fd] = &port{associated: make(map[int32]uint16)}
	return fd, nil
}

// Close wraps close(2).
func (m *Model) Close(fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ports, fd)
	return os.NewSyscallError("close", unix.Close(fd))
}

// Associate models port_associate(3C).
func (m *Model) Associate(at int, fd int32, events uint16) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.ports[at]
	if !sys.IsOpen(int(fd)) {
		return eventport.EBADFD
	}
	p.unqueue(fd)
	p.associated[fd] = events
	p.watch(at, fd, events)
	if has := has(fd, events); has != 0 {
		p.queue = append(p.queue, eventport.Event{Events: int32(has), Source: eventport.SourceFD, Object: uintptr(fd)})
	}
	return 0
}

// watch makes the epoll report fd once. It refuses files that are always ready.
func (p *port) watch(at int, fd int32, events uint16) {
	once, data := uint32(events)|unix.EPOLLONESHOT, sys.EpollData(fd, 0)
	if sys.EpollControl(at, sys.EpollAdd, int(fd), once, data) == unix.EEXIST {
		_ = sys.EpollControl(at, sys.EpollModify, int(fd), once, data) // it is open
	}
}

func has(fd int32, events uint16) uint16 {
	list := []sys.PollFD{{FD: fd, Events: events}}
	for {
		if _, errno := sys.Poll(list, 0); errno != unix.EINTR {
			return list[0].Revents
		}
	}
}

func (p *port) unqueue(fd int32) {
	kept := p.queue[:0]
	for _, event := range p.queue {
		if event.Source != eventport.SourceFD || int32(event.Object) != fd {
			kept = append(kept, event)
		}
	}
	p.queue = kept
}

// Dissociate models port_dissociate(3C).
func (m *Model) Dissociate(at int, fd int32) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.ports[at]
	_, known := p.associated[fd]
	known = known && p.isSame(at, fd)
	delete(p.associated, fd)
	p.unqueue(fd)
	_ = sys.EpollControl(at, sys.EpollRemove, int(fd), 0, 0) // it may be closed
	if !known {
		return unix.ENOENT
	}
	return 0
}

// Send models port_send(3C).
func (m *Model) Send(at int) syscall.Errno {
	if m.FailSends.Add(-1) >= 0 {
		return unix.EAGAIN
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.ports[at]; p != nil {
		p.queue = append(p.queue, eventport.Event{Source: eventport.SourceUser})
	}
	return 0
}

// Sleep models poll(2) of a port.
func (m *Model) Sleep(at int, timeout time.Duration) syscall.Errno {
	end := time.Now().Add(timeout)
	for interrupted := rand.IntN(8) == 0; ; {
		if m.hasEvent(at) || timeout >= 0 && !time.Now().Before(end) {
			return 0
		}
		time.Sleep(50 * time.Microsecond)
		if interrupted {
			return unix.EINTR
		}
	}
}

func (m *Model) hasEvent(at int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.ports[at]
	p.fire(at)
	return len(p.queue) > 0
}

// Get models port_getn(3C).
func (m *Model) Get(at int, events []eventport.Event) (n int, errno syscall.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.ports[at]
	p.fire(at)
	taken := 0
	for _, event := range p.queue {
		if n == len(events) {
			break
		}
		taken++
		if event.Source == eventport.SourceFD {
			fd := int32(event.Object)
			if !p.isSame(at, fd) {
				delete(p.associated, fd)
				continue // it was closed, and its event with it
			}
			delete(p.associated, fd)
		}
		events[n] = event
		n++
	}
	p.queue = append(p.queue[:0], p.queue[taken:]...)
	return n, 0
}

// fire queues what the epoll reports.
func (p *port) fire(at int) {
	var ready [64]unix.EpollEvent
	for {
		n, _ := sys.EpollWait(at, unsafe.Pointer(&ready), len(ready), 0)
		if n <= 0 {
			return
		}
		for _, event := range ready[:n] {
			if _, known := p.associated[event.Fd]; known {
				p.unqueue(event.Fd)
				p.queue = append(p.queue, eventport.Event{Events: int32(event.Events), Source: eventport.SourceFD, Object: uintptr(event.Fd)})
			}
		}
	}
}

// isSame reports whether the descriptor is open and still belongs to the associated file.
func (p *port) isSame(at int, fd int32) bool {
	errno := sys.EpollControl(at, sys.EpollModify, int(fd), unix.EPOLLONESHOT, sys.EpollData(fd, 0))
	return errno == 0 || errno == unix.EPERM // an epoll holds no regular file
}
