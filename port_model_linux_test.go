package iomux_test

import (
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/eventport"
	"iomux/internal/sys"
)

// portModel behaves as event ports do, over the descriptors of this process:
//
//   - An association ends when its event is taken, by port_dissociate, which takes its event back, and when the descriptor is
//     closed, which says nothing.
//   - A descriptor that has something when it is associated is told of as having it, also if it has not any more when the event
//     is taken. One that is associated already is associated anew.
//   - A closed one is EBADFD. Regular files have everything, always.
//   - Signals interrupt a wait now and then.
//
// A port that is a number of this process stands for each; it does not sleep, but looks again after a moment.
type portModel struct {
	mu    sync.Mutex
	ports map[int]*modelledPort
}

type modelledPort struct {
	associated map[int32]uint16
	queue      []eventport.Event
}

func newPortModel() *portModel { return &portModel{ports: make(map[int]*modelledPort)} }

var _ eventport.Calls = (*portModel)(nil)

func init() {
	modelled = map[string]iomux.Option{"modelled eventport": iomux.WithPorts(newPortModel())}
}

// Create makes an epoll, which knows what happens to files, and when they are closed.
func (m *portModel) Create() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("port_create", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ports[fd] = &modelledPort{associated: make(map[int32]uint16)}
	return fd, nil
}

func (m *portModel) Close(fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ports, fd)
	return os.NewSyscallError("close", unix.Close(fd))
}

func (m *portModel) Associate(at int, fd int32, events uint16) syscall.Errno {
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

// watch makes the epoll tell of fd once. It refuses files that always have everything.
func (p *modelledPort) watch(at int, fd int32, events uint16) {
	event := unix.EpollEvent{Events: uint32(events) | unix.EPOLLONESHOT, Fd: fd}
	if sys.EpollCtl(at, unix.EPOLL_CTL_ADD, fd, unsafe.Pointer(&event)) == unix.EEXIST {
		_ = sys.EpollCtl(at, unix.EPOLL_CTL_MOD, fd, unsafe.Pointer(&event))
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

func (p *modelledPort) unqueue(fd int32) {
	kept := p.queue[:0]
	for _, event := range p.queue {
		if event.Source != eventport.SourceFD || int32(event.Object) != fd {
			kept = append(kept, event)
		}
	}
	p.queue = kept
}

func (m *portModel) Dissociate(at int, fd int32) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.ports[at]
	if _, known := p.associated[fd]; !known {
		return unix.ENOENT
	}
	delete(p.associated, fd)
	p.unqueue(fd)
	_ = sys.EpollCtl(at, unix.EPOLL_CTL_DEL, fd, nil) // it may be closed
	return 0
}

func (m *portModel) Send(at int) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.ports[at]; p != nil {
		p.queue = append(p.queue, eventport.Event{Source: eventport.SourceUser})
	}
	return 0
}

func (m *portModel) Get(at int, events []eventport.Event, timeout time.Duration) (int, syscall.Errno) {
	end := time.Now().Add(timeout)
	for interrupted := rand.IntN(8) == 0; ; {
		if n := m.get(at, events); n > 0 || timeout == 0 || timeout > 0 && !time.Now().Before(end) {
			return n, 0
		}
		time.Sleep(50 * time.Microsecond)
		if interrupted {
			return 0, unix.EINTR
		}
	}
}

func (m *portModel) get(at int, events []eventport.Event) (n int) {
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
				continue // closed, and its event with it
			}
			delete(p.associated, fd)
		}
		events[n] = event
		n++
	}
	p.queue = append(p.queue[:0], p.queue[taken:]...)
	return n
}

// fire queues what the epoll tells.
func (p *modelledPort) fire(at int) {
	var told [64]unix.EpollEvent
	for {
		n, _ := sys.EpollWait(at, unsafe.Pointer(&told), len(told), 0)
		if n <= 0 {
			return
		}
		for _, event := range told[:n] {
			if _, known := p.associated[event.Fd]; known {
				p.unqueue(event.Fd)
				p.queue = append(p.queue, eventport.Event{Events: int32(event.Events), Source: eventport.SourceFD, Object: uintptr(event.Fd)})
			}
		}
	}
}

// isSame reports whether the descriptor is open and of the file that was associated.
func (p *modelledPort) isSame(at int, fd int32) bool {
	silent := unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: fd}
	errno := sys.EpollCtl(at, unix.EPOLL_CTL_MOD, fd, unsafe.Pointer(&silent))
	return errno == 0 || errno == unix.EPERM // of which an epoll holds none
}
