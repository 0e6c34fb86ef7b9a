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

// waiter is the state of one wait.
type waiter struct {
	dp     int
	list   []sys.PollFD // for the driver's events
	start  time.Time    // of the wait, set when it is needed
	newest uint32       // the newest tag when the system call started
}

// Wait waits until a member is ready or the timeout expires. It writes the events to events and
// returns their number, which is 0 after a timeout.
func (s *Set) Wait(events []devpollemu.Event, d time.Duration) (int, error) {
	dp, err := s.descriptor.Acquire()
	if err != nil {
		return 0, err
	}
	w := waiter{dp: dp, list: s.lists.Get(len(events))}
	n, err := s.wait(&w, events, d)
	s.lists.Put(w.list)
	if s.descriptor.Done() {
		return 0, os.ErrClosed
	}
	return n, err
}

func (s *Set) wait(w *waiter, events []devpollemu.Event, d time.Duration) (int, error) {
	for countdown := timeout.Start(d); ; {
		left, room, errno := s.prepare(w, countdown.Left())
		if errno != 0 {
			return 0, fault("write", w.dp, errno)
		}
		ready, errno := s.driver.Poll(w.dp, w.list[:room], left)
		if errno == syscall.EINVAL && room > 1 { // the limit has become lower
			w.list = w.list[:room/2]
			ready, errno = 0, syscall.EINTR
		}
		n, err := s.finish(w, events, max(ready, 0))
		switch {
		case n > 0 || s.descriptor.Closed():
			return n, nil
		case err != nil:
			return 0, err
		case errno != 0 && !countdown.Again(0, errno):
			return 0, fault("ioctl", w.dp, errno)
		case ready > 0 && countdown.LookAgain(uint64(w.list[0].FD)):
		case d >= 0 && countdown.Left() == 0 && errno == 0:
			return 0, nil
		}
	}
}

// prepare writes all changes to the driver. It returns the longest time to wait, which may be
// shorter than left, and the number of events to wait for.
func (s *Set) prepare(w *waiter, left time.Duration) (time.Duration, int, syscall.Errno) {
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

// sweepAbsent removes descriptors from the list absent that are no longer members or were written.
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

// writeAgainIfDue writes all members again if that is due. It returns the longest time to wait:
// left, or the time until the next write, if that is shorter and all members were not yet written
// during this wait.
func (s *Set) writeAgainIfDue(w *waiter, left time.Duration) (time.Duration, syscall.Errno) {
	if s.members == 0 {
		return left, 0
	}
	left, due := devpollemu.Round(s.members, s.written, &w.start, left)
	if due {
		return left, s.writeAgain(w.dp)
	}
	return left, 0
}

// finish ends a wait with ready entries of the driver, and writes events to events. The error is
// that of a waker that does not work.
func (s *Set) finish(w *waiter, events []devpollemu.Event, ready int) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	if s.woken && s.waiting == 0 && !s.descriptor.Closed() {
		s.woken = false
		err = s.waker.Clear()
	}
	if s.absentFirst = !s.absentFirst; s.absentFirst {
		n += s.takeAbsent(w, events)
	}
	for _, found := range w.list[:ready] {
		if n == len(events) {
			break
		}
		// A result for a descriptor that was changed after the call started is dropped.
		e := s.entries[found.FD]
		if found.FD == s.wakerFD && found.Revents&sys.PollNval != 0 {
			err = s.waker.Clear() // the program closed it, which is an error
		}
		if found.FD == s.wakerFD || !e.member || !e.held || int32(e.tag-w.newest) > 0 {
			continue
		}
		got := found.Revents & (e.want | sys.PollErr | sys.PollHup | sys.PollNval)
		if got == 0 { // the driver still has events of an earlier file with that number
			e.purge = true
			s.entries[found.FD] = e
			s.note(found.FD)
			continue
		}
		events[n] = devpollemu.Event{FD: int(found.FD), Events: got}
		n++
	}
	if !s.absentFirst {
		n += s.takeAbsent(w, events[n:])
	}
	return n, err
}

// takeAbsent writes PollNval events for members that are not open, in turns.
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
