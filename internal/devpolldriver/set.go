//go:build unix

// Package devpolldriver keeps a set of descriptors in /dev/poll of Solaris and illumos, or in a
// model of that driver.
//
// According to illumos' source, the driver behaves as follows:
//
//   - A write adds events to those of the descriptor. To remove events, the set removes the
//     descriptor with POLLREMOVE alone, and writes it again.
//   - It ignores a closed descriptor, or stores it so that it is neither reported nor removable. So
//     the set writes open descriptors only.
//   - It checks a descriptor only after a notification. Closing a descriptor and reusing its number
//     cause none. Writing the same events again makes the driver check. So the set writes all
//     descriptors again from time to time, which takes a small share of the time.
//   - Adding a descriptor wakes waits, but removing one does not.
//   - One call takes at most as many entries as the process may have descriptors.
//   - It belongs to the first process that writes to it or waits on it.
package devpolldriver

import (
	"sync"
	"syscall"
	"time"

	"iomux/internal/fdref"
	"iomux/internal/freelist"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// Driver is /dev/poll. Each method makes one call of the driver and does not retry.
type Driver interface {
	Open() (fd int, err error)
	// Write adds, changes and removes entries.
	Write(fd int, list []sys.PollFD) syscall.Errno
	// Poll waits until an entry is ready, and writes ready entries to list. A negative timeout
	// blocks.
	Poll(fd int, list []sys.PollFD, timeout time.Duration) (int, syscall.Errno)
	Close(fd int) error
}

// Remove is POLLREMOVE.
const Remove = 0x0800

// Set is a set of descriptors. It is safe for concurrent use.
type Set struct {
	driver     Driver
	descriptor fdref.Descriptor
	waker      *waker.Waker // always in the driver, so that Close can end waits
	wakerFD    int32

	mu          sync.Mutex
	entries     map[int32]entry
	members     int
	newest      uint32       // tag
	changed     []int32      // descriptors to write
	absent      []int32      // members that were not open
	absentFirst bool         // whether absent descriptors go first if there is no room for all
	waiting     int          // number of goroutines in Wait
	woken       bool         // whether the waker is readable
	written     time.Time    // when all descriptors were last written again
	buffer      []sys.PollFD // for writing
	lists       freelist.Slices[sys.PollFD]
}

// entry describes a descriptor.
type entry struct {
	want    uint16
	has     uint16 // the events in the driver
	tag     uint32 // greater for each change
	member  bool
	held    bool // whether the driver may hold it
	purge   bool // whether to remove it before it is written
	changed bool // whether it is in the list changed
	absent  bool // whether it is in the list absent
}

// New opens the driver and returns an empty set.
func New(driver Driver) (*Set, error) {
	wakes, err := waker.New()
	if err != nil {
		return nil, err
	}
	fd, err := driver.Open()
	if err != nil {
		_ = wakes.Close() // the first error matters more
		return nil, err
	}
	s := &Set{driver: driver, waker: wakes, entries: make(map[int32]entry)}
	number, _ := wakes.Acquire() // it is not closed yet
	wakes.Done()
	s.wakerFD = int32(number)
	s.descriptor.Set(fd, s.release)
	if errno := s.write(fd, []sys.PollFD{{FD: s.wakerFD, Events: sys.PollIn}}); errno != 0 {
		_ = s.Close()
		return nil, fault("write", fd, errno)
	}
	return s, nil
}

func (s *Set) release(fd int) error {
	err := s.driver.Close(fd)
	if errWaker := s.waker.Close(); err == nil {
		err = errWaker
	}
	return err
}

// FD returns the descriptor of /dev/poll, or -1 after Close.
func (s *Set) FD() int { return s.descriptor.FD() }

// Len returns the number of registered descriptors.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.descriptor.Closed() {
		return 0
	}
	return s.members
}

// Register adds fd, or changes its events if it is a member.
func (s *Set) Register(fd int32, events uint16) error { return s.change(fd, true, events) }

// Unregister removes fd, which may be closed and need not be a member.
func (s *Set) Unregister(fd int32) error { return s.change(fd, false, 0) }

// change changes the entry of fd. If a goroutine waits, it writes the change at once, otherwise the
// next wait does.
func (s *Set) change(fd int32, member bool, events uint16) error {
	dp, err := s.descriptor.Acquire()
	if err != nil {
		return err
	}
	defer s.descriptor.Done()
	if member && (s.waker.Owns(int(fd)) || int(fd) == dp) {
		return sys.OwnError("write", int(fd))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[fd]
	switch {
	case !known && !member:
		return nil
	case member && !e.member:
		s.members++
		e.purge = e.held // the driver may hold an earlier file with that number
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
		if s.entries[fd].absent && !s.woken {
			s.woken = true
			return s.waker.Wake()
		}
	}
	return nil
}

// note adds fd to the descriptors to write.
func (s *Set) note(fd int32) {
	if e := s.entries[fd]; !e.changed {
		e.changed = true
		s.entries[fd] = e
		s.changed = append(s.changed, fd)
	}
}

// flush writes all changes.
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

// writeAll writes list in parts that the driver accepts. After an error it marks the remaining
// entries to be written again.
func (s *Set) writeAll(dp int, list []sys.PollFD) syscall.Errno {
	part := atMost(len(list))
	for len(list) > 0 {
		errno := s.write(dp, list[:min(part, len(list))])
		switch {
		case errno == syscall.EINVAL && part > 1: // the limit has become lower
			part /= 2
			continue
		case errno != 0:
			for _, fd := range list {
				e := s.entries[fd.FD]
				e.held, e.purge = true, true // the driver may or may not hold it
				s.entries[fd.FD] = e
				s.note(fd.FD)
			}
			return errno
		}
		list = list[min(part, len(list)):]
	}
	return 0
}

// atMost returns the number of entries, at most n, that the driver accepts at once. It does not
// read the limit for a few entries, because the driver refuses too many with EINVAL.
func atMost(n int) int {
	const few = 256 // the default limit of Solaris
	if n <= few {
		return n
	}
	if limit := sys.MaxDescriptors(); limit > 0 {
		return int(min(limit, uint64(n)))
	}
	return n
}

// write writes list once. A signal may interrupt it before it has an effect.
func (s *Set) write(dp int, list []sys.PollFD) syscall.Errno {
	for {
		if errno := s.driver.Write(dp, list); errno != syscall.EINTR {
			return errno
		}
	}
}

// writeAgain writes all descriptors in the driver again, so that it checks them.
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

// Close makes all waits return, and closes the driver as soon as no wait uses it.
func (s *Set) Close() error {
	return s.descriptor.Close(func(dp int) {
		_ = s.waker.Wake() // if it fails, the write below still wakes the waits
		// A descriptor that is added wakes all waits. An event may wake only one of them.
		_ = s.write(dp, []sys.PollFD{{FD: s.wakerFD, Events: sys.PollIn | sys.PollPri}})
	})
}

func fault(call string, fd int, errno syscall.Errno) error {
	err := sys.NewError(call, fd, errno, "")
	if errno == syscall.EACCES {
		err.Advice = "this /dev/poll belongs to the process that used it first: make another one after fork"
	}
	return err
}
