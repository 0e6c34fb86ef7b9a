//go:build unix

package devpollemu

import (
	"os"
	"syscall"
	"time"

	"iomux/internal/sys"
	"iomux/internal/timeout"
	"iomux/internal/waker"
)

// waiter is the state of one waiting goroutine. The next one reuses it.
type waiter struct {
	waker  *waker.Waker
	fd     int // of the waker, or -1 if the process had no descriptor for one
	asleep bool
	start  time.Time    // of the wait, set when it is needed
	list   []sys.PollFD // the waker, the epoll, and the polled descriptors
	epoll  *epoll       // of the list
	newest uint32       // the newest tag when the list was made
	stale  uint64       // a ready descriptor and its tag that are not a member's any more, or 0
	events epollEvents
}

// The first entries of a waiter's list.
const (
	atWaker = iota
	atEpoll
	atPolled
)

// Wait waits until a member is ready or the timeout expires. It writes the events to events and
// returns their number, which is 0 after a timeout.
func (s *Set) Wait(events []Event, d time.Duration) (int, error) {
	s.mu.Lock() // poll(2) alone is called without the lock
	defer s.mu.Unlock()
	w, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer s.leave(w)
	for countdown := timeout.Start(d); ; {
		left := s.prepare(w, countdown.Left())
		s.mu.Unlock()
		ready, errno := poll(w.list, left)
		s.mu.Lock()
		n, err := s.finish(w, events, ready)
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, err
		case errno != 0 && !countdown.Again(0, errno):
			return 0, sys.PollError(len(w.list), errno)
		case w.stale != 0 && countdown.LookAgain(w.stale):
		case d >= 0 && countdown.Left() == 0:
			return 0, nil
		}
	}
}

func (s *Set) enter() (*waiter, error) {
	if s.closed {
		return nil, os.ErrClosed
	}
	if len(s.free) == 0 {
		w, err := s.newWaiter()
		if err == nil {
			s.free = append(s.free, w)
		}
	}
	last := len(s.free) - 1
	if last < 0 { // the process has no descriptors left
		return &waiter{fd: -1}, nil
	}
	w := s.free[last]
	if _, err := w.waker.Acquire(); err != nil {
		return nil, err
	}
	s.free = s.free[:last]
	w.start = time.Time{}
	return w, nil
}

func (s *Set) leave(w *waiter) {
	if w.fd < 0 {
		return
	}
	w.waker.Done()
	if !s.closed {
		s.free = append(s.free, w)
	}
}

// prepare fills the list of w, and returns the longest time to wait on it, which may be shorter
// than left.
func (s *Set) prepare(w *waiter, left time.Duration) time.Duration {
	if s.epollCount > 0 {
		left = s.checkIfDue(w, left)
	}
	w.list = append(w.list[:0], sys.PollFD{FD: int32(w.fd), Events: sys.PollIn}, sys.PollFD{FD: -1})
	if s.epoll != nil && s.epoll.acquire() {
		w.epoll = s.epoll
		w.list[atEpoll] = sys.PollFD{FD: int32(s.epoll.fd()), Events: sys.PollIn}
	}
	w.list = append(w.list, s.polled...)
	w.newest = s.newest
	w.asleep = left != 0
	if len(s.dead) > 0 || s.closed {
		return 0
	}
	if w.fd < 0 && (left < 0 || left > moment) {
		return moment // nothing interrupts the wait
	}
	return left
}

// checkIfDue checks the descriptors in the epoll if that is due. It returns the longest time to
// wait: left, or the time until the next check, if that is shorter and there was no check yet
// during this wait.
func (s *Set) checkIfDue(w *waiter, left time.Duration) time.Duration {
	left, due := Round(s.epollCount, s.swept, &w.start, left)
	if due {
		s.check()
	}
	return left
}

// finish ends the wait of w, with ready entries in its list, and writes events to events. The error
// is os.ErrClosed if the set is closed, or that of a waker that does not work.
func (s *Set) finish(w *waiter, events []Event, ready int) (n int, err error) {
	w.asleep, w.stale = false, 0
	if ready > 0 && w.list[atWaker].Revents != 0 {
		err = w.waker.Clear()
	}
	if !s.closed {
		n = s.take(w, events, ready)
	}
	if w.epoll != nil {
		w.epoll.release()
		w.epoll = nil
	}
	if s.closed {
		err = os.ErrClosed
	}
	return n, err
}

// take writes the events of dead and open descriptors. If there is no room for all, the two kinds
// take turns to go first.
func (s *Set) take(w *waiter, events []Event, ready int) (n int) {
	s.deadFirst = !s.deadFirst
	if s.deadFirst {
		n = s.takeDead(events)
		return n + s.takeOpen(w, events[n:], ready)
	}
	n = s.takeOpen(w, events, ready)
	return n + s.takeDead(events[n:])
}

// takeDead writes PollNval for the dead descriptors to events, starting after the last reported
// one.
func (s *Set) takeDead(events []Event) (n int) {
	for n < min(len(s.dead), len(events)) {
		s.lastDead = (s.lastDead + 1) % len(s.dead)
		events[n] = Event{FD: int(s.dead[s.lastDead]), Events: sys.PollNval}
		n++
	}
	return n
}

// takeOpen writes the events of open descriptors to events. If there is no room for all, the
// polled descriptors and those in the epoll take turns, so that each one is reported equally often.
func (s *Set) takeOpen(w *waiter, events []Event, ready int) (n int) {
	polled, all := len(s.polled), len(s.polled)+s.epollCount
	room := min(len(events), all)
	s.credit += int64(room) * int64(polled)
	if cost := int64(min(room, polled)) * int64(all); s.credit >= cost {
		s.credit -= cost
		n = s.takePolled(w, events, ready)
		return n + s.takeFromEpoll(w, events[n:], ready)
	}
	n = s.takeFromEpoll(w, events, ready)
	return n + s.takePolled(w, events[n:], ready)
}

// takePolled writes the events of poll(2) to events, starting after the last reported descriptor.
func (s *Set) takePolled(w *waiter, events []Event, ready int) (n int) {
	list := w.list[atPolled:]
	for _, entry := range w.list[:atPolled] {
		if ready > 0 && entry.Revents != 0 {
			ready--
		}
	}
	next := 0
	if s.next < len(list) {
		next = s.next
	}
	for turn := 0; turn < len(list) && ready > 0; turn++ {
		at := next + turn
		if at >= len(list) {
			at -= len(list)
		}
		found := list[at]
		if found.Revents == 0 {
			continue
		}
		if n == len(events) {
			s.next = at
			return n
		}
		ready--
		// A result for a descriptor that was changed after the list was made is dropped.
		e, known := s.entries[found.FD]
		if !known || e.place < 0 || int32(e.tag-w.newest) > 0 {
			w.stale = uint64(e.tag)<<32 | uint64(found.FD)
			continue
		}
		events[n] = Event{FD: int(found.FD), Events: found.Revents}
		n++
	}
	s.next = 0
	return n
}

// takeFromEpoll writes the events of the epoll to events.
func (s *Set) takeFromEpoll(w *waiter, events []Event, ready int) (n int) {
	if ready == 0 || w.list[atEpoll].Revents == 0 || len(events) == 0 {
		return 0
	}
	if w.epoll != s.epoll { // another wait has renewed it
		w.stale = uint64(s.newest)
		return 0
	}
	stale := false
	for _, found := range w.events.take(s.epoll, min(len(events), s.epollCount+s.orphans+1)) {
		e, known := s.entries[found.Fd]
		if !known || e.place != inEpoll || e.tag != uint32(found.Pad) {
			stale, w.stale = true, uint64(found.Pad)<<32|uint64(found.Fd)
			continue
		}
		events[n] = Event{FD: int(found.Fd), Events: fromEpoll(found.Events)}
		n++
	}
	if stale && s.orphans > 0 {
		s.renew()
	}
	return n
}

// poll wraps poll(2) for a list of any length.
func poll(list []sys.PollFD, left time.Duration) (int, syscall.Errno) {
	n, errno := sys.Poll(list, left)
	if errno != syscall.EINVAL {
		return max(n, 0), errno
	}
	// The list is longer than the limit of descriptors, so poll polls parts of it, and polls
	// again after a moment.
	limit := int(min(sys.MaxDescriptors(), uint64(len(list))))
	if limit < atPolled {
		return 0, errno
	}
	n = 0
	for rest := list; len(rest) > 0; rest = rest[min(limit, len(rest)):] {
		ready, errno := sys.Poll(rest[:min(limit, len(rest))], 0)
		if errno != 0 {
			return 0, errno
		}
		n += ready
	}
	if n == 0 && left != 0 {
		if left < 0 || left > moment {
			left = moment
		}
		if _, errno := sys.Poll(list[:limit], left); errno != 0 {
			return 0, errno
		}
		return poll(list, 0)
	}
	return n, 0
}

// moment is the longest wait on a part of a list, or without a waker.
const moment = 10 * time.Millisecond
