//go:build unix

// Package devpollemu is a set of descriptors that goroutines wait on while others change it: what /dev/poll is where the kernel has
// none. It answers what poll(2) would.
//
// The first few descriptors, and those that nothing else can wait for, are asked about by poll(2) itself. The others are held
// by an epoll where there is one, so that a wait takes a time that grows with the number of those that are ready.
//
// An epoll does not tell that a descriptor was closed, nor watches the file that gets its number. So the set looks through what
// the epoll holds from time to time: that takes a fixed small part of the time that passes, whatever the set's size.
package devpollemu

import (
	"os"
	"sync"
	"syscall"
	"time"

	"iomux/internal/sys"
	"iomux/internal/waker"
)

// Few is how many descriptors are left to poll(2) where there is an epoll: so many cost about as much as asking the epoll.
const Few = 64

// Event is a ready descriptor.
type Event struct {
	FD     int
	Events uint16
}

// Set is a set of descriptors. Its methods may be called from several goroutines at once.
type Set struct {
	few     int
	mu      sync.Mutex
	closed  bool
	entries map[int32]entry
	newest  uint32 // tag
	outside []sys.PollFD
	next    int     // index in outside at which the next wait begins to hand out
	dead    []int32 // closed descriptors whose numbers have become the set's own
	inside  int     // how many the epoll holds
	epoll   *epoll  // nil until there is need of it, and where the system has none
	orphans int     // what the epoll may hold and cannot be removed from it
	swept   time.Time
	credit  int64 // of those outside, which go first when it is as high as what that costs

	waiters []*waiter // all of them
	spare   []*waiter
}

// entry is a registered descriptor.
type entry struct {
	events uint16
	tag    uint32 // greater for each change; the epoll's events bear it
	place  int    // index in outside, or one of those below
}

const (
	isInside  = -1
	isDead    = -2
	isNowhere = -3 // to be put somewhere
)

// New makes an empty set, of which the first few descriptors are left to poll(2).
func New(few int) (*Set, error) {
	s := &Set{few: few, entries: make(map[int32]entry)}
	w, err := s.newWaiter()
	if err != nil {
		return nil, err
	}
	s.spare = append(s.spare, w)
	return s, nil
}

// FD is a descriptor that the set holds as long as it is open, then -1.
func (s *Set) FD() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return -1
	}
	return s.waiters[0].fd
}

// Len is the number of registered descriptors.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Register makes fd a member that is waited on for events, also if it is one already. Waits under way see it.
func (s *Set) Register(fd int32, events uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return os.ErrClosed
	case s.owns(fd):
		return errOurs(fd)
	}
	s.newest++
	fresh := entry{events: events, tag: s.newest}
	before, known := s.entries[fd]
	switch {
	case known && before.place >= 0:
		fresh.place = before.place
		s.outside[fresh.place].Events = events
		s.ring()
	case known && before.place == isInside && s.epoll.modify(fd, events, fresh.tag):
		fresh.place = isInside
	default:
		s.remove(fd, before, known)
		fresh.place = s.put(fd, fresh)
	}
	s.entries[fd] = fresh
	return nil
}

// put finds a place for fd, and tells which.
func (s *Set) put(fd int32, e entry) int {
	if len(s.outside) >= s.few {
		s.makeEpoll()
		if s.epoll != nil && s.putInside(fd, e) {
			s.inside++
			return isInside
		}
	}
	if s.owns(fd) { // since now
		s.dead = append(s.dead, fd)
		return isDead
	}
	s.outside = append(s.outside, sys.PollFD{FD: fd, Events: e.events})
	s.ring()
	return len(s.outside) - 1
}

// putInside adds fd to the epoll. It is there already where it was closed before it was unregistered, while a duplicate lives on
// that has the number again now.
func (s *Set) putInside(fd int32, e entry) bool {
	errno := s.epoll.add(fd, e.events, e.tag)
	return errno == 0 || errno == syscall.EEXIST && s.epoll.modify(fd, e.events, e.tag)
}

func (s *Set) makeEpoll() {
	if s.epoll != nil {
		return
	}
	if s.epoll = newEpoll(); s.epoll != nil {
		s.bury(s.epoll.fd())
		s.ring()
	}
}

// Unregister takes fd out, open or not. It need not be a member.
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

// remove takes fd from its place.
func (s *Set) remove(fd int32, e entry, known bool) {
	switch {
	case !known || e.place == isNowhere:
	case e.place == isInside:
		s.inside--
		if !s.epoll.remove(fd) {
			s.orphans++ // it was closed, and a duplicate may live on
		}
	case e.place == isDead:
		for i, dead := range s.dead {
			if dead == fd {
				s.dead = append(s.dead[:i], s.dead[i+1:]...)
				break
			}
		}
	default:
		last := len(s.outside) - 1
		if moved := s.outside[last]; moved.FD != fd {
			s.outside[e.place] = moved
			other := s.entries[moved.FD]
			other.place = e.place
			s.entries[moved.FD] = other
		}
		s.outside = s.outside[:last]
		s.ring()
	}
}

// owns reports whether a number is of a descriptor of the set itself: it was closed by whoever knows it as his.
func (s *Set) owns(fd int32) bool {
	for _, w := range s.waiters {
		if w.fd == int(fd) {
			return true
		}
	}
	return s.epoll != nil && s.epoll.fd() == int(fd)
}

// bury notes that a number has become the set's own. It may be that of a registered descriptor, which was closed then.
func (s *Set) bury(fd int) {
	number := int32(fd)
	if e, known := s.entries[number]; known {
		s.remove(number, e, known)
		e.place = isDead
		s.entries[number] = e
		s.dead = append(s.dead, number)
	}
}

// ring wakes all that sleep: what they sleep on has changed.
func (s *Set) ring() {
	for _, w := range s.waiters {
		if w.asleep {
			w.bell.Wake()
		}
	}
}

// look goes through what the epoll holds: a descriptor that was closed is left to poll(2) from now on, and one whose number
// belongs to another file now is added.
func (s *Set) look() {
	s.swept = time.Now()
	for fd, e := range s.entries {
		if e.place != isInside {
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
			s.inside--
			s.outside = append(s.outside, sys.PollFD{FD: fd, Events: e.events})
			s.ring()
			e.place = len(s.outside) - 1
		}
		s.entries[fd] = e
	}
}

// renew replaces the epoll, which reports what cannot be removed from it.
func (s *Set) renew() {
	s.ring()
	s.epoll.close()
	s.epoll, s.inside, s.orphans = nil, 0, 0
	for fd, e := range s.entries {
		if e.place == isInside {
			s.newest++
			s.entries[fd] = entry{events: e.events, tag: s.newest, place: isNowhere}
		}
	}
	for fd, e := range s.entries {
		if e.place == isNowhere {
			e.place = s.put(fd, e)
			s.entries[fd] = e
		}
	}
}

// Close ends all waits, and gives the set's descriptors back as soon as nobody uses them.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.closed = true
	var err error
	for _, w := range s.waiters {
		if errBell := w.bell.Close(); err == nil {
			err = errBell
		}
	}
	if s.epoll != nil {
		s.epoll.close()
	}
	s.entries, s.outside, s.spare = nil, nil, nil
	return err
}

// newWaiter makes what one more goroutine needs in order to wait.
func (s *Set) newWaiter() (*waiter, error) {
	ring, err := waker.New()
	if err != nil {
		return nil, err
	}
	w := &waiter{bell: ring}
	w.fd, _ = ring.Acquire() // it was not closed yet
	ring.Done()
	s.waiters = append(s.waiters, w)
	s.bury(w.fd)
	return w, nil
}

func errOurs(fd int32) error {
	return &sys.Error{Call: "write", FD: int(fd), Err: syscall.EBADF, Advice: "it is not open"}
}
