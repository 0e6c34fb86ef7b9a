package backend

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/eventport"
	"iomux/internal/fdref"
	"iomux/internal/freelist"
	"iomux/poll"
)

// portBackend is event ports. A port reports a descriptor once, with the events it had then, which
// may have changed. So poll(2) polls the reported descriptors again. They are associated again
// before the next call, or at once if another goroutine sleeps, because its sleep would not see
// them otherwise.
//
// A sleep takes no event. The lock is held from the call that takes an event until its descriptor
// is marked as reported, so no Look misses a descriptor that another goroutine has just taken.
type portBackend struct {
	calls   eventport.Calls
	port    fdref.Descriptor
	sleeper sleeper
	rooms   freelist.Slices[eventport.Event]
	lists   freelist.Slices[poll.FD]

	mu      sync.Mutex // never held over a wait
	newest  uint32     // tag
	entries map[int32]portEntry
	spent   []int32 // reported descriptors, which must be associated again
}

// portEntry is a registered descriptor.
type portEntry struct {
	events poll.Events
	spent  bool
}

// NewEventPort returns the backend of event ports. The calls are those of this system or of a
// model.
func NewEventPort(calls eventport.Calls) (Backend, error) {
	fd, err := calls.Create()
	if err != nil {
		return nil, err
	}
	b := &portBackend{calls: calls, entries: make(map[int32]portEntry)}
	b.port.Set(fd, calls.Close)
	b.sleeper.signal = &portSignal{calls: calls, port: &b.port}
	return b, nil
}

// portSignal is an event that port_send(3C) puts into the port.
type portSignal struct {
	calls eventport.Calls
	port  *fdref.Descriptor
	sent  atomic.Bool
}

func (s *portSignal) Wake() error {
	if !s.sent.Swap(true) {
		s.Pass()
	}
	return nil
}

// Clear only records that the event has been taken.
func (s *portSignal) Clear() error {
	s.sent.Store(false)
	return nil
}

// Pass fails if the port is full. Its events then end the sleep, and the next Wake retries.
func (s *portSignal) Pass() {
	at, err := s.port.Acquire()
	if err != nil {
		return
	}
	defer s.port.Done()
	if s.calls.Send(at) != 0 {
		s.sent.Store(false)
	}
}

func (*portBackend) Traits() Traits { return Traits{Live: true} }

func (*portBackend) Supports(interest Interest) bool { return pollSupports(interest) }

func (b *portBackend) Add(fd int, interest Interest, tag uint32) error {
	return b.Modify(fd, 0, interest, tag)
}

func (b *portBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	at, err := b.port.Acquire()
	if err != nil {
		return ErrClosed
	}
	defer b.port.Done()
	if fd == at {
		return errOwn
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	number, events := int32(fd), toPoll(interest)
	switch errno := b.calls.Associate(at, number, uint16(events)); {
	case isNotOpen(errno):
		return ErrNotOpen
	case errno == syscall.ENOTSUP:
		return ErrNotPollable
	case errno != 0:
		return os.NewSyscallError("port_associate", errno)
	}
	b.newest = tag
	b.entries[number] = portEntry{events: events}
	return nil
}

// isNotOpen reports whether an errno of port_associate(3C) means a closed descriptor. The call has
// a separate errno for that, EBADFD.
func isNotOpen(errno syscall.Errno) bool { return errno == syscall.EBADF || errno == eventport.EBADFD }

func (b *portBackend) Remove(fd int, interest Interest) bool {
	b.Forget(fd, interest)
	return true
}

func (b *portBackend) Forget(fd int, _ Interest) {
	at, err := b.port.Acquire()
	if err != nil {
		return
	}
	defer b.port.Done()
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.entries[int32(fd)]; known {
		delete(b.entries, int32(fd))
		_ = b.calls.Dissociate(at, int32(fd)) // fails if it was reported or closed
	}
}

func (b *portBackend) Look(batch *Batch) error { return b.take(batch, 0, false) }

func (b *portBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	return b.take(batch, timeout, true)
}

func (b *portBackend) Wake() { b.sleeper.wake() }

func (b *portBackend) Close() error {
	return b.port.Close(func(at int) { _ = b.calls.Send(at) })
}

// take fills the batch with the events that the port reports and poll(2) confirms. It waits for an
// event if there is none.
func (b *portBackend) take(batch *Batch, timeout time.Duration, sleeping bool) error {
	batch.N, batch.Hidden = 0, false
	at, err := b.port.Acquire()
	if err != nil {
		return ErrClosed
	}
	room, list := b.rooms.Get(batch.Room), b.lists.Get(batch.Room)
	got, err := b.get(at, room, list, batch, sleeping)
	if got == 0 && err == nil && timeout != 0 && !b.port.Closed() {
		if errno := b.calls.Sleep(at, timeout); errno == 0 { // a sleep may end early
			_, err = b.get(at, room, list, batch, sleeping)
		} else if errno != syscall.EINTR {
			err = os.NewSyscallError("poll", errno)
		}
	}
	b.rooms.Put(room)
	b.lists.Put(list)
	if b.port.Done() && batch.N == 0 {
		return ErrClosed
	}
	return err
}

// get takes events without waiting, and returns their number.
func (b *portBackend) get(at int, room []eventport.Event, list []poll.FD, batch *Batch, sleeping bool) (got int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err = b.associateSpent(at, batch); err != nil || batch.N > 0 {
		return batch.N, err
	}
	got, errno := b.calls.Get(at, room)
	switch {
	case got > 0:
		err = b.confirm(at, room[:got], list, batch, sleeping)
	case errno != 0 && errno != syscall.EINTR:
		err = os.NewSyscallError("port_getn", errno)
	}
	for i := range batch.Events[:batch.N] {
		batch.Events[i].Tag = b.newest
	}
	return got, err
}

// associateSpent associates the reported descriptors again. A closed one is reported as vanished,
// if the batch has room. Any other failure keeps the descriptor for the next call.
func (b *portBackend) associateSpent(at int, batch *Batch) (err error) {
	left := b.spent[:0]
	for _, fd := range b.spent {
		e, known := b.entries[fd]
		if !known || !e.spent {
			continue // it was removed or modified in the meantime
		}
		switch errno := b.calls.Associate(at, fd, uint16(e.events)); {
		case errno == 0:
			e.spent = false
			b.entries[fd] = e
		case isNotOpen(errno) && batch.N < batch.Room:
			batch.add(epoll.Event{Events: Vanished, FD: fd, Tag: b.newest})
			delete(b.entries, fd)
		case isNotOpen(errno):
			left = append(left, fd)
		default:
			left = append(left, fd)
			err = first(err, os.NewSyscallError("port_associate", errno))
		}
	}
	b.spent = left
	return err
}

// confirm adds the events that poll(2) finds for the reported descriptors.
func (b *portBackend) confirm(at int, reported []eventport.Event, list []poll.FD, batch *Batch, sleeping bool) error {
	list = b.mark(reported, list, sleeping)
	batch.Hidden = len(list) < len(reported) && len(reported) == batch.Room
	if err := pollAll(list); err != nil {
		return err
	}
	for _, fd := range list {
		if fd.Revents != 0 {
			batch.add(epoll.Event{Events: fromPoll(fd.Revents), FD: fd.FD})
		}
	}
	if !sleeping && b.sleeper.asleep.Load() {
		// The batch has no room, so the next call reports closed descriptors.
		return b.associateSpent(at, &Batch{})
	}
	return nil
}

// mark marks the reported descriptors as spent, and returns a list of them.
func (b *portBackend) mark(reported []eventport.Event, list []poll.FD, sleeping bool) []poll.FD {
	list = list[:0]
	for _, event := range reported {
		if event.Source != eventport.SourceFD {
			_ = b.sleeper.noticed(sleeping) // it does not fail
			continue
		}
		fd := int32(event.Object)
		e, known := b.entries[fd]
		if !known {
			continue
		}
		if !e.spent {
			e.spent = true
			b.entries[fd] = e
			b.spent = append(b.spent, fd)
		}
		list = append(list, poll.FD{FD: fd, Events: e.events, Revents: poll.Events(event.Events)})
	}
	return list
}

// pollAll wraps poll(2) for a list of any length. If even a list of one is too long for the limit
// of descriptors, the entry keeps the events that the port reported.
func pollAll(list []poll.FD) error {
	_, err := poll.Wait(list, 0)
	if !errors.Is(err, syscall.EINVAL) {
		return err
	}
	if len(list) == 1 {
		return nil
	}
	half := len(list) / 2
	return first(pollAll(list[:half]), pollAll(list[half:]))
}
