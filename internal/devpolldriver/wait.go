//go:build unix

package devpolldriver

import (
	"os"
	"syscall"
	"time"

	"iomux/internal/devpollemu"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// waiter is one wait.
type waiter struct {
	dp     int
	list   []sys.PollFD // room
	start  time.Time    // of the wait, once it has to be known
	newest uint32       // the tag that was given last before the driver was asked
}

// Wait waits until a member is ready or the timeout has passed, and fills events. It returns the number of events, 0 after a
// timeout.
func (s *Set) Wait(events []devpollemu.Event, d time.Duration) (int, error) {
	dp, err := s.descriptor.Acquire()
	if err != nil {
		return 0, err
	}
	w := waiter{dp: dp, list: s.takeRoom(len(events))}
	n, err := s.wait(&w, events, d)
	s.giveBack(w.list)
	if s.descriptor.Done() {
		return 0, os.ErrClosed
	}
	return n, err
}

func (s *Set) wait(w *waiter, events []devpollemu.Event, d time.Duration) (int, error) {
	for countdown := timeout.Start(d); ; {
		left, room, errno := s.lieDown(w, countdown.Left())
		if errno != 0 {
			return 0, fault("write", w.dp, errno)
		}
		ready, errno := s.driver.Poll(w.dp, w.list[:room], left)
		if errno == syscall.EINVAL && room > 1 { // the limit is lower meanwhile
			w.list = w.list[:room/2]
			ready, errno = 0, syscall.EINTR
		}
		n := s.getUp(w, events, max(ready, 0))
		switch {
		case n > 0 || s.descriptor.Closed():
			return n, nil
		case errno != 0 && !countdown.Again(0, errno):
			return 0, fault("ioctl", w.dp, errno)
		case d >= 0 && countdown.Left() == 0 && errno == 0:
			return 0, nil
		}
	}
}

// takeRoom is room for events, of one of several goroutines.
func (s *Set) takeRoom(room int) (list []sys.PollFD) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.spare) - 1; last >= 0 {
		list, s.spare = s.spare[last], s.spare[:last]
	}
	if cap(list) < room {
		list = make([]sys.PollFD, room)
	}
	return list[:room]
}

func (s *Set) giveBack(list []sys.PollFD) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, list)
}

// lieDown writes what is to be written before a wait, and tells how long to wait, which may be less than left, and for how many
// events.
func (s *Set) lieDown(w *waiter, left time.Duration) (time.Duration, int, syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fd := range s.absent {
		if sys.IsOpen(int(fd)) {
			s.note(fd)
		}
	}
	errno := s.flush(w.dp)
	if errno == 0 {
		left, errno = s.writeAgainIfDue(w, left)
	}
	if errno != 0 {
		return 0, 0, errno
	}
	if s.sweepAbsent(); len(s.absent) > 0 {
		left = 0
	}
	w.newest = s.newest
	s.waiting++
	return left, atMost(len(w.list)), 0
}

// sweepAbsent forgets those of the absent that are members no more, or were written.
func (s *Set) sweepAbsent() {
	kept := s.absent[:0]
	for _, fd := range s.absent {
		e := s.entries[fd]
		if e.absent = e.member && !e.held; e.absent {
			kept = append(kept, fd)
		}
		if e.member || e.held || e.changed {
			s.entries[fd] = e
		} else {
			delete(s.entries, fd)
		}
	}
	s.absent = kept
}

// pace is how much time has to pass for each member before all are written again.
const pace = 5 * time.Microsecond

// writeAgainIfDue writes all again if that is due. If it will be in the course of a wait that has not seen it yet, the driver
// must not be asked to wait longer.
func (s *Set) writeAgainIfDue(w *waiter, left time.Duration) (time.Duration, syscall.Errno) {
	if s.members == 0 {
		return left, 0
	}
	now := time.Now()
	if w.start.IsZero() {
		w.start = now
	}
	due := s.written.Add(time.Duration(s.members) * pace).Sub(now)
	switch {
	case due <= 0:
		return left, s.writeAgain(w.dp)
	case s.written.Before(w.start) && (left < 0 || left > due):
		return due, 0
	}
	return left, 0
}

// getUp ends the wait, in which the driver told ready entries, and fills events.
func (s *Set) getUp(w *waiter, events []devpollemu.Event, ready int) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	if s.rung && s.waiting == 0 && !s.descriptor.Closed() {
		s.rung = false
		s.bell.Clear()
	}
	if s.odd = !s.odd; s.odd {
		n += s.takeAbsent(w, events)
	}
	for _, told := range w.list[:ready] {
		if n == len(events) {
			break
		}
		// What was changed since the driver was asked is asked for again.
		e := s.entries[told.FD]
		if told.FD == s.bellFD || !e.member || !e.held || int32(e.tag-w.newest) > 0 {
			continue
		}
		got := told.Revents & (e.want | sys.PollErr | sys.PollHup | sys.PollNval)
		if got == 0 { // the driver has more than it was told, of a file that had the number before
			e.purge = true
			s.entries[told.FD] = e
			s.note(told.FD)
			continue
		}
		events[n] = devpollemu.Event{FD: int(told.FD), Events: got}
		n++
	}
	if !s.odd {
		n += s.takeAbsent(w, events[n:])
	}
	return n
}

// takeAbsent fills events with the members that are not open, in turns.
func (s *Set) takeAbsent(w *waiter, events []devpollemu.Event) (n int) {
	for _, fd := range s.absent {
		if n == len(events) {
			break
		}
		if e := s.entries[fd]; e.member && e.absent && !e.held && int32(e.tag-w.newest) <= 0 {
			events[n] = devpollemu.Event{FD: int(fd), Events: sys.PollNval}
			n++
		}
	}
	if 0 < n && n < len(s.absent) {
		s.absent = append(s.absent[n:], s.absent[:n]...)
	}
	return n
}
