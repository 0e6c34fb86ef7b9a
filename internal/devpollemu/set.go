//go:build unix

// Package devpollemu emulates /dev/poll: a set of descriptors that goroutines can wait on while
// others change it. It reports the events of poll(2).
//
// The first few descriptors, and those that epoll refuses, are polled with poll(2). On Linux an
// epoll holds the others, so that the time of a wait grows only with the number of ready
// descriptors.
//
// An epoll does not report that a descriptor was closed, and does not watch the next file with its
// number. So the set checks the descriptors in the epoll from time to time. The checks take a small
// fixed share of the time, independent of the size of the set.
package devpollemu

import (
	"os"
	"sync"
	"syscall"
	"time"

	"iomux/internal/sys"
	"iomux/internal/waker"
)

// Few is the number of descriptors that poll(2) waits on even if there is an epoll. They cost about
// as much as a call of the epoll.
const Few = 64

// Event is a ready descriptor.
type Event struct {
	FD     int
	Events uint16
}

// Set is a set of descriptors. It is safe for concurrent use.
type Set struct {
	few        int
	mu         sync.Mutex
	closed     bool
	entries    map[int32]entry
	newest     uint32       // tag
	polled     []sys.PollFD // descriptors that poll(2) waits on
	next       int          // index in polled of the first descriptor to report next
	dead       []int32      // closed descriptors whose numbers now belong to the set itself
	lastDead   int          // index in dead of the last reported one
	deadFirst  bool         // whether dead descriptors went first in the last wait
	epollCount int          // number of descriptors in the epoll
	epoll      *epoll       // nil until it is needed, and on systems other than Linux
	orphans    int          // descriptors that may be in the epoll and cannot be removed
	swept      time.Time
	// credit grows with each wait. If it is large enough, the polled descriptors go first.
	credit int64

	waiters []*waiter // all of them
	free    []*waiter // waiters that no goroutine uses
}

// entry describes a registered descriptor.
type entry struct {
	events uint16
	tag    uint32 // greater for each change; part of the epoll's events
	place  int    // index in polled, or a constant below
}

const (
	inEpoll   = -1
	isDead    = -2
	inNoPlace = -3 // while the epoll is replaced
)

// New returns an empty set. poll(2) waits on its first few descriptors.
func New(few int) (*Set, error) {
	s := &Set{few: few, entries: make(map[int32]entry)}
	w, err := s.newWaiter()
	if err != nil {
		return nil, err
	}
	s.free = append(s.free, w)
	return s, nil
}

// FD returns a descriptor of the set, or -1 after Close.
func (s *Set) FD() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return -1
	}
	return s.waiters[0].fd
}

// Len returns the number of registered descriptors.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Register adds fd, or changes its events if it is a member. The change takes effect on a wait in
// progress.
func (s *Set) Register(fd int32, events uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return os.ErrClosed
	case s.owns(fd):
		return sys.OwnError("write", int(fd))
	}
	s.newest++
	fresh := entry{events: events, tag: s.newest}
	before, known := s.entries[fd]
	switch {
	case known && before.place >= 0:
		fresh.place = before.place
		s.polled[fresh.place].Events = events
		s.wake()
	case known && before.place == inEpoll && s.epoll.modify(fd, events, fresh.tag):
		fresh.place = inEpoll
	default:
		s.remove(fd, before, known)
		fresh.place = s.put(fd, fresh)
	}
	s.entries[fd] = fresh
	return nil
}

// put puts fd into the epoll or the list polled, and returns its place.
func (s *Set) put(fd int32, e entry) int {
	if len(s.polled) >= s.few {
		s.makeEpoll()
		if s.epoll != nil && s.addToEpoll(fd, e) {
			s.epollCount++
			return inEpoll
		}
	}
	if s.owns(fd) { // makeEpoll has just taken the number
		s.dead = append(s.dead, fd)
		return isDead
	}
	s.polled = append(s.polled, sys.PollFD{FD: fd, Events: e.events})
	s.wake()
	return len(s.polled) - 1
}

// addToEpoll adds fd to the epoll. The epoll already holds it if it was closed while registered,
// and the number now belongs to a duplicate of the same file.
func (s *Set) addToEpoll(fd int32, e entry) bool {
	errno := s.epoll.add(fd, e.events, e.tag)
	return errno == 0 || errno == syscall.EEXIST && s.epoll.modify(fd, e.events, e.tag)
}

func (s *Set) makeEpoll() {
	if s.epoll != nil {
		return
	}
	if s.epoll = newEpoll(); s.epoll != nil {
		s.markDead(s.epoll.fd())
		s.wake()
	}
}

// Unregister removes fd, which may be closed and need not be a member.
func (s *Set) Unregister(fd int32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	e, known := s.entries[fd]
	s.remove(fd, e, known)
	delete(s.entries, fd)
	return nil
}

// remove removes fd from its place.
func (s *Set) remove(fd int32, e entry, known bool) {
	switch {
	case !known || e.place == inNoPlace:
	case e.place == inEpoll:
		s.epollCount--
		if !s.epoll.remove(fd) {
			s.orphans++ // fd is closed, but a duplicate may be open
		}
	case e.place == isDead:
		for i, dead := range s.dead {
			if dead == fd {
				s.dead = append(s.dead[:i], s.dead[i+1:]...)
				break
			}
		}
	default:
		last := len(s.polled) - 1
		if moved := s.polled[last]; moved.FD != fd {
			s.polled[e.place] = moved
			other := s.entries[moved.FD]
			other.place = e.place
			s.entries[moved.FD] = other
		}
		s.polled = s.polled[:last]
		s.wake()
	}
}

// owns reports whether fd is one of the set's own descriptors. The caller's file with that number
// was closed.
func (s *Set) owns(fd int32) bool {
	for _, w := range s.waiters {
		if w.waker.Owns(int(fd)) {
			return true
		}
	}
	return s.epoll != nil && s.epoll.fd() == int(fd)
}

// markDead records that the number fd now belongs to the set itself. A registered descriptor with
// that number was closed.
func (s *Set) markDead(fd int) {
	number := int32(fd)
	if e, known := s.entries[number]; known {
		s.remove(number, e, known)
		e.place = isDead
		s.entries[number] = e
		s.dead = append(s.dead, number)
	}
}

// wake interrupts all waits, so that they continue with the current descriptors.
func (s *Set) wake() {
	for _, w := range s.waiters {
		if w.asleep {
			_ = w.waker.Wake() // the wait itself reports an error of its waker
		}
	}
}

// check checks the descriptors in the epoll. It moves closed ones to the list for poll(2), and adds
// those whose number now belongs to another file.
func (s *Set) check() {
	s.swept = time.Now()
	for fd, e := range s.entries {
		if e.place != inEpoll {
			continue
		}
		errno := s.epoll.add(fd, e.events, s.newest+1)
		if errno == syscall.EEXIST {
			continue
		}
		s.newest++
		s.orphans++
		e.tag = s.newest
		if errno != 0 {
			s.epollCount--
			s.polled = append(s.polled, sys.PollFD{FD: fd, Events: e.events})
			s.wake()
			e.place = len(s.polled) - 1
		}
		s.entries[fd] = e
	}
}

// renew replaces the epoll after it has reported descriptors that cannot be removed from it.
func (s *Set) renew() {
	s.wake()
	s.epoll.close()
	s.epoll, s.epollCount, s.orphans = nil, 0, 0
	for fd, e := range s.entries {
		if e.place == inEpoll {
			s.newest++
			s.entries[fd] = entry{events: e.events, tag: s.newest, place: inNoPlace}
		}
	}
	for fd, e := range s.entries {
		if e.place == inNoPlace {
			e.place = s.put(fd, e)
			s.entries[fd] = e
		}
	}
}

// Close makes all waits return, and closes the set's descriptors as soon as no wait uses them.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.closed = true
	var err error
	for _, w := range s.waiters {
		if errWaker := w.waker.Close(); err == nil {
			err = errWaker
		}
	}
	if s.epoll != nil {
		s.epoll.close()
	}
	s.entries, s.polled, s.free = nil, nil, nil
	return err
}

// newWaiter adds a waiter to the set.
func (s *Set) newWaiter() (*waiter, error) {
	wakes, err := waker.New()
	if err != nil {
		return nil, err
	}
	w := &waiter{waker: wakes}
	w.fd, _ = wakes.Acquire() // it is not closed yet
	wakes.Done()
	s.waiters = append(s.waiters, w)
	for fd := range s.entries {
		if wakes.Owns(int(fd)) {
			s.markDead(int(fd))
		}
	}
	return w, nil
}
