//go:build aix || linux || solaris

package epollemu

import (
	"errors"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/eventport"
	"iomux/internal/freelist"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// pollPort replaces an event port on a system that has poll(2) only. It is a list that drops each
// descriptor after its report.
type pollPort struct {
	wake  *waker.Waker
	port  int // the waker's descriptor
	lists freelist.Slices[sys.PollFD]

	mu    sync.Mutex // never held during a wait
	idle  sync.Cond  // signalled when signalled becomes false
	fds   []sys.PollFD
	index map[int32]int
	turn  int // where the next list of events begins
	sends int // events of Send that no Get has returned
	// While signalled is set, the waker is readable until all sleepers have left poll(2).
	signalled bool
	sleepers  int
}

// NewPollPort returns calls for a single port.
func NewPollPort() eventport.Calls {
	p := &pollPort{index: make(map[int32]int)}
	p.idle.L = &p.mu
	return p
}

// Create returns the descriptor of a waker, which stands for the port.
func (p *pollPort) Create() (int, error) {
	wake, err := waker.New()
	if err != nil {
		return -1, err
	}
	fd, err := wake.Acquire()
	if err != nil {
		return -1, errors.Join(err, wake.Close())
	}
	p.wake, p.port = wake, fd
	return fd, nil
}

func (p *pollPort) Close(int) error {
	p.wake.Done()
	return p.wake.Close()
}

func (p *pollPort) Associate(_ int, fd int32, events uint16) syscall.Errno {
	if p.wake.Owns(int(fd)) || !sys.IsOpen(int(fd)) {
		return unix.EBADF
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := sys.PollFD{FD: fd, Events: events}
	if i, known := p.index[fd]; known {
		p.fds[i] = entry
	} else {
		p.index[fd] = len(p.fds)
		p.fds = append(p.fds, entry)
	}
	p.changed()
	return 0
}

func (p *pollPort) Dissociate(_ int, fd int32) syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drop(fd) {
		return unix.ENOENT
	}
	return 0
}

// drop removes a descriptor from the list.
func (p *pollPort) drop(fd int32) bool {
	i, known := p.index[fd]
	if !known {
		return false
	}
	last := len(p.fds) - 1
	p.fds[i] = p.fds[last]
	p.index[p.fds[i].FD] = i
	p.fds = p.fds[:last]
	delete(p.index, fd)
	return true
}

func (p *pollPort) Send(int) syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sends++
	p.changed()
	return 0
}

// changed makes the sleepers poll the list again.
func (p *pollPort) changed() {
	if p.sleepers > 0 && !p.signalled {
		p.signalled = true
		_ = p.wake.Wake()
	}
}

// Sleep waits with poll(2) for a copy of the list. It returns early if the list changes.
func (p *pollPort) Sleep(_ int, left time.Duration) syscall.Errno {
	list, asleep := p.enter()
	if !asleep {
		return 0
	}
	_, errno := sys.Poll(list, left)
	p.lists.Put(list)
	if p.awake() != nil { // the program closed the waker's descriptor
		errno = unix.EBADF
	}
	return errno
}

// enter returns a copy of the list, after the waker's entry. asleep is false if the caller must not
// sleep, because there is an event of Send.
func (p *pollPort) enter() (list []sys.PollFD, asleep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.signalled {
		p.idle.Wait()
	}
	if p.sends > 0 {
		return nil, false
	}
	p.sleepers++
	list = p.lists.Get(len(p.fds) + 1)
	list[0] = sys.PollFD{FD: int32(p.port), Events: sys.PollIn}
	copy(list[1:], p.fds)
	return list, true
}

// Get polls a copy of the list. It drops the reported descriptors from the list. Successive calls
// begin at different places, so that all descriptors have their turn.
func (p *pollPort) Get(_ int, events []eventport.Event) (n int, errno syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.lists.Get(len(p.fds))
	defer p.lists.Put(list)
	copy(list, p.fds)
	if _, errno = sys.Poll(list, 0); errno != 0 {
		return 0, errno
	}
	for p.sends > 0 && n < len(events) {
		p.sends--
		events[n] = eventport.Event{Source: eventport.SourceUser}
		n++
	}
	for i := range list {
		fd := &list[(p.turn+i)%len(list)]
		if n == len(events) {
			p.turn += i
			break
		}
		if fd.Revents&sys.PollNval != 0 && !sys.IsOpen(int(fd.FD)) {
			p.drop(fd.FD) // as a port does when a descriptor is closed
			continue
		}
		if fd.Revents != 0 && p.drop(fd.FD) {
			events[n] = eventport.Event{Events: int32(fd.Revents), Source: eventport.SourceFD, Object: uintptr(fd.FD)}
			n++
		}
	}
	return n, 0
}

// awake decrements the number of sleepers. After the last one it clears the waker.
func (p *pollPort) awake() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sleepers--
	if p.signalled && p.sleepers == 0 {
		err = p.wake.Clear()
		p.signalled = false
		p.idle.Broadcast()
	}
	return err
}
