//go:build unix

// Package devpolldriver is a set of descriptors that /dev/poll holds. All that it needs of the driver is a Driver.
//
// What it has to know of the driver, as illumos' source has it:
//
//   - The events of a write are added to those that the driver has for the descriptor. To take some back, the descriptor has to
//     be removed by an entry that says POLLREMOVE and nothing else, and then written anew.
//   - A descriptor that is not open when it is written is passed over, or kept in a state in which it is neither reported nor
//     can be removed. So closed ones are not written.
//   - The driver looks at those descriptors only of which it was told that something has happened. Neither that one is closed
//     nor that its number is reused is told. To write the same events once more makes it look. So all are written again from
//     time to time, which takes a small part of the time that passes.
//   - It wakes those who wait for what is added, not for what is removed.
//   - It takes no more entries at once than the process may have descriptors.
//   - It belongs to the process that first writes to it, or waits.
package devpolldriver

import (
	"sync"
	"syscall"
	"time"

	"iomux/internal/fdref"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// Driver is /dev/poll. Each call is one of the driver's: it does not retry.
type Driver interface {
	Open() (fd int, err error)
	// Write adds, changes and removes entries.
	Write(fd int, list []sys.PollFD) syscall.Errno
	// Poll waits until an entry is ready, and fills list. A negative timeout blocks.
	Poll(fd int, list []sys.PollFD, timeout time.Duration) (int, syscall.Errno)
	Close(fd int) error
}

// Remove is POLLREMOVE.
const Remove = 0x0800

// Set is a set of descriptors. Its methods may be called from several goroutines at once.
type Set struct {
	driver     Driver
	descriptor fdref.Descriptor
	bell       *waker.Waker // which the driver has from the beginning: Close rings it
	bellFD     int32

	mu      sync.Mutex
	entries map[int32]entry
	members int
	newest  uint32       // tag
	changed []int32      // what is to be written
	absent  []int32      // members that were not open
	odd     bool         // whose turn it is where the absent and the ready compete for room
	waiting int          // how many goroutines
	rung    bool         // the bell, for those that wait now
	written time.Time    // when all were written again
	buffer  []sys.PollFD // for writing
	spare   [][]sys.PollFD
}

// entry is what there is to know of a descriptor.
type entry struct {
	want    uint16
	has     uint16 // what the driver asks for
	tag     uint32 // greater for each change
	member  bool
	held    bool // by the driver, maybe
	purge   bool // it has to be removed before it is written
	changed bool // it is in the list of these
	absent  bool // likewise
}

// New opens the driver.
func New(driver Driver) (*Set, error) {
	ring, err := waker.New()
	if err != nil {
		return nil, err
	}
	fd, err := driver.Open()
	if err != nil {
		_ = ring.Close() // the first error tells more
		return nil, err
	}
	s := &Set{driver: driver, bell: ring, entries: make(map[int32]entry)}
	number, _ := ring.Acquire() // it was not closed yet
	ring.Done()
	s.bellFD = int32(number)
	s.descriptor.Set(fd, s.release)
	if errno := s.write(fd, []sys.PollFD{{FD: s.bellFD, Events: sys.PollIn}}); errno != 0 {
		_ = s.Close()
		return nil, fault("write", fd, errno)
	}
	return s, nil
}

func (s *Set) release(fd int) error {
	err := s.driver.Close(fd)
	if errBell := s.bell.Close(); err == nil {
		err = errBell
	}
	return err
}

// FD is the descriptor of /dev/poll, or -1 after Close.
func (s *Set) FD() int { return s.descriptor.FD() }

// Len is the number of registered descriptors.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.descriptor.Closed() {
		return 0
	}
	return s.members
}

// Register makes fd a member that is waited on for events, also if it is one already.
func (s *Set) Register(fd int32, events uint16) error { return s.change(fd, true, events) }

// Unregister takes fd out, open or not. It need not be a member.
func (s *Set) Unregister(fd int32) error { return s.change(fd, false, 0) }

// change changes the entry of fd. It is written now if a goroutine waits, else before the next one does.
func (s *Set) change(fd int32, member bool, events uint16) error {
	dp, err := s.descriptor.Acquire()
	if err != nil {
		return err
	}
	defer s.descriptor.Done()
	if fd == s.bellFD || int(fd) == dp {
		return &sys.Error{Call: "write", FD: int(fd), Err: syscall.EBADF, Advice: "it is not open"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[fd]
	switch {
	case !known && !member:
		return nil
	case member && !e.member:
		s.members++
		e.purge = e.held // the driver may have it of another file
	case !member && e.member:
		s.members--
	}
	e.member, e.want = member, events
	s.newest++
	e.tag = s.newest
	s.entries[fd] = e
	s.note(fd)
	if s.waiting > 0 {
		if errno := s.flush(dp); errno != 0 {
			return fault("write", int(fd), errno)
		}
		if s.entries[fd].absent && !s.rung {
			s.rung = true
			s.bell.Wake()
		}
	}
	return nil
}

// note makes fd one of those to be written.
func (s *Set) note(fd int32) {
	if e := s.entries[fd]; !e.changed {
		e.changed = true
		s.entries[fd] = e
		s.changed = append(s.changed, fd)
	}
}

// flush writes what was changed.
func (s *Set) flush(dp int) syscall.Errno {
	list := s.buffer[:0]
	for _, fd := range s.changed {
		e := s.entries[fd]
		e.changed = false
		open := e.member && sys.IsOpen(int(fd))
		if e.held && (!open || e.purge || e.has&^e.want != 0) {
			list = append(list, sys.PollFD{FD: fd, Events: Remove})
			e.held = false
		}
		if open {
			list = append(list, sys.PollFD{FD: fd, Events: e.want})
			e.held, e.has = true, e.want
		}
		e.purge = false
		if e.member && !open && !e.absent {
			e.absent = true
			s.absent = append(s.absent, fd)
		}
		if e.member || e.absent {
			s.entries[fd] = e
		} else {
			delete(s.entries, fd)
		}
	}
	s.changed, s.buffer = s.changed[:0], list
	return s.writeAll(dp, list)
}

// writeAll writes list in parts that the driver takes. What it does not take is to be written later.
func (s *Set) writeAll(dp int, list []sys.PollFD) syscall.Errno {
	part := atMost(len(list))
	for len(list) > 0 {
		errno := s.write(dp, list[:min(part, len(list))])
		switch {
		case errno == syscall.EINVAL && part > 1: // the limit is lower meanwhile
			part /= 2
			continue
		case errno != 0:
			for _, fd := range list {
				e := s.entries[fd.FD]
				e.held, e.purge = true, true // nobody knows
				s.entries[fd.FD] = e
				s.note(fd.FD)
			}
			return errno
		}
		list = list[min(part, len(list)):]
	}
	return 0
}

// atMost is how many of n entries the driver takes at once. Where it takes fewer it says EINVAL, so the limit is not looked up
// for a few entries.
func atMost(n int) int {
	const few = 256 // Solaris' limit, unless somebody changes it
	if n <= few {
		return n
	}
	if limit := sys.MaxDescriptors(); limit > 0 {
		return int(min(limit, uint64(n)))
	}
	return n
}

// write is one write, which a signal may interrupt before it has an effect.
func (s *Set) write(dp int, list []sys.PollFD) syscall.Errno {
	for {
		if errno := s.driver.Write(dp, list); errno != syscall.EINTR {
			return errno
		}
	}
}

// writeAgain writes all that the driver holds once more, so that it looks whether they are open and of the same file.
func (s *Set) writeAgain(dp int) syscall.Errno {
	s.written = time.Now()
	list := s.buffer[:0]
	for fd, e := range s.entries {
		if e.member && e.held {
			list = append(list, sys.PollFD{FD: fd, Events: e.has})
		}
	}
	s.buffer = list
	return s.writeAll(dp, list)
}

// Close ends all waits, and closes the driver as soon as nobody uses it.
func (s *Set) Close() error {
	return s.descriptor.Close(func(dp int) {
		s.bell.Wake()
		// For what is added all wake, also where an event wakes one of several.
		_ = s.write(dp, []sys.PollFD{{FD: s.bellFD, Events: sys.PollIn | sys.PollPri}})
	})
}

func fault(call string, fd int, errno syscall.Errno) error {
	err := &sys.Error{Call: call, FD: fd, Err: errno}
	if errno == syscall.EACCES {
		err.Advice = "this /dev/poll belongs to the process that used it first: make one of your own after fork"
	}
	return err
}
