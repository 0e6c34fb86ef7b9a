package devpoll

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"iomux/internal/afd"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has /dev/poll.
const Native = false

func create(bool) (*Poller, error) {
	s := &sockets{known: make(map[int32]*socket)}
	s.driver.ReportsClosed = true
	if err := s.driver.Open(); err != nil {
		return nil, err
	}
	return &Poller{set: s}, nil
}

// sockets is the set of a Poller. The driver drops closed sockets. So sockets keeps them, and
// reports Nval until they are unregistered or a new socket gets the number.
type sockets struct {
	driver afd.Poller

	mu          sync.Mutex
	known       map[int32]*socket
	closed      []*socket
	newest      uint64 // tag
	closedFirst bool   // whether closed sockets go first if there is no room for all
}

type socket struct {
	fd     int32
	events uint16
	tag    uint64 // greater for each change
	closed bool   // it is in the list of closed sockets, and not in the driver
}

func (s *sockets) FD() int { return s.driver.FD() }

func (s *sockets) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.driver.FD() < 0 {
		return 0
	}
	return len(s.known)
}

func (s *sockets) Register(fd int32, events uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(fd) == s.driver.FD() {
		return sys.OwnError("write", int(fd))
	}
	k := s.known[fd]
	if k == nil {
		k = &socket{fd: fd}
	}
	s.newest++
	before := *k
	k.events, k.tag = events, s.newest
	if err := s.put(k); err != nil {
		*k = before
		return err
	}
	s.known[fd] = k
	if k.closed {
		s.driver.Wake()
	}
	return nil
}

// put adds k to the driver, or to the closed sockets.
func (s *sockets) put(k *socket) error {
	isOpen := s.known[k.fd] == k && !k.closed
	if isOpen && s.driver.Modify(int(k.fd), toDriver(k.events), k.tag) == nil {
		return nil
	}
	err := s.driver.Register(int(k.fd), toDriver(k.events), k.tag)
	switch {
	case err == nil:
		k.closed = false
	case err == syscall.EBADF:
		s.setClosed(k)
	case errors.Is(err, afd.ErrNotSocket):
		return sys.NewError("write", int(k.fd), err, "")
	default:
		return err
	}
	return nil
}

func (s *sockets) setClosed(k *socket) {
	if !k.closed {
		k.closed = true
		s.closed = append(s.closed, k)
	}
}

func (s *sockets) Unregister(fd int32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, fd)
	if err := s.driver.Unregister(int(fd)); err == os.ErrClosed {
		return err
	}
	return nil // it was closed or not registered
}

func (s *sockets) Poll(events []Event, d time.Duration) (n int, err error) {
	for countdown := timeout.Start(d); ; {
		var stale uint64
		switch hasClosed, first := s.turn(); {
		case !hasClosed:
			n, stale, err = s.wait(events, countdown.Left())
		case first:
			n = s.takeClosed(events)
			var open int
			open, stale, err = s.wait(events[n:], 0)
			n += open
		default:
			n, stale, err = s.wait(events, 0)
			n += s.takeClosed(events[n:])
		}
		again := countdown.Again(0, 0)
		if stale != 0 {
			again = countdown.LookAgain(stale)
		}
		if n > 0 || err != nil || !again {
			return n, err
		}
	}
}

// turn reports whether there are closed sockets, and whether they go first, which they do in every
// second wait.
func (s *sockets) turn() (hasClosed, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closedFirst = !s.closedFirst
	return len(s.closed) > 0, s.closedFirst
}

// takeClosed writes the sockets that are still closed to events, in turns.
func (s *sockets) takeClosed(events []Event) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range len(s.closed) {
		if n == len(events) {
			break
		}
		k := s.closed[0]
		s.closed = append(s.closed[:0], s.closed[1:]...)
		if s.known[k.fd] != k || !k.closed {
			continue // it was unregistered or is open again
		}
		k.closed = false
		if s.put(k) != nil {
			s.setClosed(k) // a handle that is not a socket has its number
		}
		if k.closed {
			events[n] = Event{FD: int(k.fd), Events: Nval}
			n++
		}
	}
	return n
}

// wait writes ready sockets of the driver to events. stale is one that the driver has reported in
// place of a ready one, or 0.
func (s *sockets) wait(events []Event, left time.Duration) (n int, stale uint64, err error) {
	if len(events) == 0 {
		return 0, 0, nil
	}
	taken := 0
	var closed []afd.Ready
	_, err = s.driver.Wait(len(events), left, func(ready afd.Ready) {
		if ready.Events == afd.Closed {
			closed = append(closed, ready)
			return
		}
		events[taken] = Event{FD: ready.Socket, Events: Events(ready.Events)}
		taken++
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range events[:taken] {
		if k := s.known[int32(event.FD)]; k != nil && event.Events&(Events(k.events)|Err|Hup) != 0 {
			events[n] = Event{FD: event.FD, Events: event.Events & (Events(k.events) | Err | Hup)}
			n++
		} else {
			stale = uint64(event.FD)
		}
	}
	for _, ready := range closed {
		stale = uint64(ready.Socket)
		if k := s.known[int32(ready.Socket)]; k != nil && k.tag == ready.Tag {
			s.setClosed(k)
		}
	}
	return n, stale, err
}

func (s *sockets) Close() error { return s.driver.Close() }

// driver holds the events of the AFD driver. They have the same numbers in package afd.
const driver = In | Pri | Out | Err | Hup | RdHup | RdNorm | RdBand | WrNorm

func toDriver(events uint16) afd.Events { return afd.Events(events & uint16(driver)) }
