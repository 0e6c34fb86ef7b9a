package iomux

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
	"iomux/internal/sys"
	"iomux/poll"
)

// portBackend is event ports. A port tells of a descriptor once, and not what it has by the time that the event is taken. So
// those that were told of are asked about by poll(2), and are associated anew before the port is asked the next time; at once
// if another goroutine sleeps, which could not see them otherwise.
type portBackend struct {
	calls    eventport.Calls
	port     fdref.Descriptor
	newest   atomic.Uint32 // tag
	sleeping atomic.Bool
	rung     atomic.Bool // an event that ends the sleep is in the port
	rooms    spare[eventport.Event]
	lists    spare[poll.FD]

	mu      sync.Mutex // never held over a wait
	entries map[int32]portEntry
	spent   []int32 // told of, and to be associated anew
}

// portEntry is a registered descriptor.
type portEntry struct {
	events poll.Events
	spent  bool
}

func newPortBackend(calls eventport.Calls) (*portBackend, error) {
	fd, err := calls.Create()
	if err != nil {
		return nil, err
	}
	b := &portBackend{calls: calls, entries: make(map[int32]portEntry)}
	b.port.Set(fd, calls.Close)
	return b, nil
}

func (*portBackend) traits() traits { return traits{live: true} }

func (*portBackend) supports(interest Interest) bool { return (*pollBackend)(nil).supports(interest) }

func (b *portBackend) add(fd int, interest Interest, tag uint32) error {
	return b.modify(fd, 0, interest, tag)
}

func (b *portBackend) modify(fd int, _, interest Interest, tag uint32) error {
	at, err := b.port.Acquire()
	if err != nil {
		return errClosed
	}
	defer b.port.Done()
	if fd == at {
		return errNotOpen(fd) // a number that was closed, and is ours now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	number, events := int32(fd), toPoll(interest)
	b.newest.Store(tag)
	switch errno := b.calls.Associate(at, number, uint16(events)); {
	case isNotOpen(errno):
		return errNotOpen(fd)
	case errno == syscall.ENOTSUP:
		return errNotPollable(fd, interest)
	case errno != 0:
		return &sys.Error{Call: "port_associate", FD: fd, Err: errno}
	}
	b.entries[number] = portEntry{events: events}
	return nil
}

// isNotOpen is about what port_associate says of a closed descriptor: EBADFD, a number of its own.
func isNotOpen(errno syscall.Errno) bool { return errno == syscall.EBADF || errno == eventport.EBADFD }

func (b *portBackend) remove(fd int, interest Interest) error {
	b.forget(fd, interest)
	return nil
}

func (b *portBackend) forget(fd int, _ Interest) {
	at, err := b.port.Acquire()
	if err != nil {
		return
	}
	defer b.port.Done()
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.entries[int32(fd)]; known {
		delete(b.entries, int32(fd))
		_ = b.calls.Dissociate(at, int32(fd)) // it is not associated if it was told of, or closed
	}
}

func (b *portBackend) look(all *batch) error { return b.take(all, 0) }

func (b *portBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	all.n = 0
	b.sleeping.Store(true)
	defer b.sleeping.Store(false)
	if !ready() {
		return nil
	}
	return b.take(all, left)
}

func (b *portBackend) wake() {
	if b.sleeping.Load() && !b.rung.Swap(true) {
		b.ring()
	}
}

func (b *portBackend) ring() {
	if at, err := b.port.Acquire(); err == nil {
		_ = b.calls.Send(at) // it fails where there are too many events already, which end the sleep as well
		b.port.Done()
	}
}

func (b *portBackend) close() error {
	return b.port.Close(func(at int) { _ = b.calls.Send(at) })
}

// take fills all with what the port tells, and poll(2) confirms.
func (b *portBackend) take(all *batch, left time.Duration) error {
	at, err := b.port.Acquire()
	if err != nil {
		return errClosed
	}
	all.n = 0
	room, list := b.rooms.take(all.room), b.lists.take(all.room)
	newest := b.newest.Load()
	if err = b.renew(at, all); err == nil && all.n == 0 {
		var n int
		if n, err = b.get(at, room, left); n > 0 {
			err = b.confirm(at, room[:n], list, all, left != 0)
		}
	}
	for i := range all.events[:all.n] {
		all.events[i].Tag = newest
	}
	b.rooms.giveBack(room)
	b.lists.giveBack(list)
	if b.port.Done() && all.n == 0 {
		return errClosed
	}
	return err
}

func (b *portBackend) get(at int, room []eventport.Event, left time.Duration) (int, error) {
	n, errno := b.calls.Get(at, room, left)
	if n > 0 || errno == 0 || errno == syscall.EINTR { // a sleep may end early
		return n, nil
	}
	return 0, os.NewSyscallError("port_getn", errno)
}

// renew associates those anew that were told of. A closed one is told of as vanished, if there is room in all.
func (b *portBackend) renew(at int, all *batch) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.spent[:0]
	for _, fd := range b.spent {
		e, known := b.entries[fd]
		if !known || !e.spent {
			continue // it was removed, or modified, since
		}
		switch errno := b.calls.Associate(at, fd, uint16(e.events)); {
		case errno == 0:
			e.spent = false
			b.entries[fd] = e
		case isNotOpen(errno) && all.n < all.room:
			all.events[all.n] = epoll.Event{Events: vanished, FD: fd}
			all.n++
			delete(b.entries, fd)
		case isNotOpen(errno):
			left = append(left, fd)
		default:
			left = append(left, fd)
			err = errors.Join(err, &sys.Error{Call: "port_associate", FD: int(fd), Err: errno})
		}
	}
	b.spent = left
	return err
}

// confirm asks poll(2) what those have that the port told of. The one who sleeps hears the bell; others pass it on.
func (b *portBackend) confirm(at int, told []eventport.Event, list []poll.FD, all *batch, slept bool) error {
	n := 0
	b.mu.Lock()
	for _, event := range told {
		fd := int32(event.Object)
		e, known := b.entries[fd]
		switch {
		case event.Source != eventport.SourceFD && slept:
			b.rung.Store(false)
		case event.Source != eventport.SourceFD:
			_ = b.calls.Send(at)
		case known:
			if !e.spent {
				e.spent = true
				b.entries[fd] = e
				b.spent = append(b.spent, fd)
			}
			list[n] = poll.FD{FD: fd, Events: e.events, Revents: poll.Events(event.Events)}
			n++
		}
	}
	b.mu.Unlock()
	if err := ask(list[:n]); err != nil {
		return err
	}
	for _, fd := range list[:n] {
		if fd.Revents != 0 {
			all.events[all.n] = epoll.Event{Events: fromPoll(fd.Revents), FD: fd.FD}
			all.n++
		}
	}
	if !slept && b.sleeping.Load() {
		return b.renew(at, &batch{}) // with no room: what is closed is told by the next one
	}
	return nil
}

// ask is poll(2), of any number of entries. Where the process may have no descriptor at all, what the port told stays.
func ask(list []poll.FD) error {
	_, err := poll.Wait(list, 0)
	if !errors.Is(err, syscall.EINVAL) {
		return err
	}
	if len(list) == 1 {
		return nil
	}
	half := len(list) / 2
	return errors.Join(ask(list[:half]), ask(list[half:]))
}
