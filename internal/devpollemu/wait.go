//go:build unix

package devpollemu

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux/internal/sys"
	"iomux/internal/timeout"
	"iomux/internal/waker"
)

// waiter is what a goroutine needs while it waits. It is kept for the next one.
type waiter struct {
	bell   *waker.Waker
	fd     int // the bell's
	asleep bool
	start  time.Time    // of the wait, once it has to be known
	list   []sys.PollFD // what it sleeps on: the bell, the epoll, and what is outside
	epoll  *epoll       // that of the list
	newest uint32       // the tag that was given last when the list was made
	dead   int          // how many were dead then
	inside insideEvents
}

// The first entries of a waiter's list.
const (
	atBell = iota
	atEpoll
	atOutside
)

// Wait waits until a member is ready or the timeout has passed, and fills events. It returns the number of events, 0 after a
// timeout.
func (s *Set) Wait(events []Event, d time.Duration) (int, error) {
	w, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer s.leave(w)
	for countdown := timeout.Start(d); ; {
		ready, errno := poll(w.list, s.lieDown(w, countdown.Left()))
		n, closed := s.getUp(w, events, ready)
		switch {
		case n > 0:
			return n, nil
		case closed:
			return 0, os.ErrClosed
		case errno != 0 && !countdown.Again(0, errno):
			return 0, waitError(len(w.list), errno)
		case d >= 0 && countdown.Left() == 0:
			return 0, nil
		}
	}
}

func waitError(entries int, errno syscall.Errno) error {
	err := os.NewSyscallError("poll", errno)
	if errno == syscall.EINVAL {
		return fmt.Errorf("%w: %d entries, and the process may have next to no descriptors: raise RLIMIT_NOFILE", err, entries)
	}
	return err
}

func (s *Set) enter() (*waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	last := len(s.spare) - 1
	if last < 0 {
		w, err := s.newWaiter()
		if err != nil {
			return nil, err
		}
		s.spare, last = append(s.spare, w), 0
	}
	w := s.spare[last]
	if _, err := w.bell.Acquire(); err != nil {
		return nil, err
	}
	s.spare = s.spare[:last]
	w.start = time.Time{}
	return w, nil
}

func (s *Set) leave(w *waiter) {
	w.bell.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.spare = append(s.spare, w)
	}
}

// lieDown makes the list that w is to sleep on, and tells how long at most: for a time that may be over before left is.
func (s *Set) lieDown(w *waiter, left time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside > 0 {
		left = s.lookIfDue(w, left)
	}
	w.list = append(w.list[:0], sys.PollFD{FD: int32(w.fd), Events: sys.PollIn}, sys.PollFD{FD: -1})
	if s.epoll != nil && s.epoll.acquire() {
		w.epoll = s.epoll
		w.list[atEpoll] = sys.PollFD{FD: int32(s.epoll.fd()), Events: sys.PollIn}
	}
	w.list = append(w.list, s.outside...)
	w.newest, w.dead = s.newest, len(s.dead)
	w.asleep = left != 0
	if len(s.dead) > 0 || s.closed {
		return 0
	}
	return left
}

// pace is how much time has to pass for each descriptor inside before they are looked through again, which takes 1/30 of that.
const pace = 5 * time.Microsecond

// lookIfDue looks through what is inside if that is due. If it will be in the course of a wait that has not seen it yet, the
// sleep must not last longer.
func (s *Set) lookIfDue(w *waiter, left time.Duration) time.Duration {
	now := time.Now()
	if w.start.IsZero() {
		w.start = now
	}
	due := s.swept.Add(time.Duration(s.inside) * pace).Sub(now)
	switch {
	case due <= 0:
		s.look()
	case s.swept.Before(w.start) && (left < 0 || left > due):
		return due
	}
	return left
}

// getUp ends the sleep of w, in which ready entries of its list were found, and fills events. It reports whether the set was
// closed.
func (s *Set) getUp(w *waiter, events []Event, ready int) (n int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.asleep = false
	if ready > 0 && w.list[atBell].Revents != 0 {
		w.bell.Clear()
	}
	if !s.closed {
		for _, fd := range s.dead[:min(len(s.dead), len(events), w.dead)] {
			events[n] = Event{FD: int(fd), Events: sys.PollNval}
			n++
		}
		// Where there is not room for all, those outside and those inside go first in turns, such that each of them is reported as
		// often as the others.
		outside, all := len(s.outside), len(s.outside)+s.inside
		room := min(len(events), all)
		s.credit += int64(room) * int64(outside)
		if cost := int64(min(room, outside)) * int64(all); s.credit >= cost {
			s.credit -= cost
			n += s.takeOutside(w, events[n:], ready)
			n += s.takeInside(w, events[n:], ready)
		} else {
			n += s.takeInside(w, events[n:], ready)
			n += s.takeOutside(w, events[n:], ready)
		}
	}
	if w.epoll != nil {
		w.epoll.release()
		w.epoll = nil
	}
	return n, s.closed
}

// takeOutside fills events with what poll(2) has found, round from where the last one had to stop.
func (s *Set) takeOutside(w *waiter, events []Event, ready int) (n int) {
	list := w.list[atOutside:]
	for _, entry := range w.list[:atOutside] {
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
		told := list[at]
		if told.Revents == 0 {
			continue
		}
		if n == len(events) {
			s.next = at
			return n
		}
		ready--
		// What was changed since the list was made is asked for again.
		if e, known := s.entries[told.FD]; known && e.place >= 0 && int32(e.tag-w.newest) <= 0 {
			events[n] = Event{FD: int(told.FD), Events: told.Revents}
			n++
		}
	}
	s.next = 0
	return n
}

// takeInside fills events with what the epoll has.
func (s *Set) takeInside(w *waiter, events []Event, ready int) (n int) {
	if ready == 0 || w.list[atEpoll].Revents == 0 || len(events) == 0 || w.epoll != s.epoll {
		return 0
	}
	stale := false
	for _, told := range w.inside.take(s.epoll, min(len(events), s.inside+s.orphans+1)) {
		e, known := s.entries[told.Fd]
		if !known || e.place != isInside || e.tag != uint32(told.Pad) {
			stale = true
			continue
		}
		events[n] = Event{FD: int(told.Fd), Events: fromEpoll(told.Events)}
		n++
	}
	if stale && s.orphans > 0 {
		s.renew()
	}
	return n
}

// poll is poll(2), of any number of entries.
func poll(list []sys.PollFD, left time.Duration) (int, syscall.Errno) {
	n, errno := sys.Poll(list, left)
	if errno != syscall.EINVAL {
		return max(n, 0), errno
	}
	// There are more than the process may open descriptors now, so they are asked about in parts, and again after a moment.
	limit := int(min(sys.MaxDescriptors(), uint64(len(list))))
	if limit < atOutside {
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

// moment is how long a wait sleeps on a part of a list.
const moment = 10 * time.Millisecond
