package iomux

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
	"iomux/internal/sys"
	"iomux/internal/waker"
	"iomux/poll"
)

// pollBackend is poll(2), or what is used as it is, /dev/poll. Its list is that of package poll, or the like; the bell is one of
// its descriptors.
type pollBackend struct {
	list     pollList
	live     bool // a wait sees changes of the list
	bell     *waker.Waker
	bellFD   int
	newest   atomic.Uint32 // tag
	sleeping atomic.Bool
	spare    spare[poll.Event]
}

// pollList is a list of descriptors, in which to register one again replaces.
type pollList interface {
	Register(fd int, events poll.Events) error
	Unregister(fd int) error
	Poll(events []poll.Event, timeout time.Duration) (int, error)
}

func newPollBackend(list pollList, live bool) (*pollBackend, error) {
	ringing, err := waker.New()
	if err != nil {
		return nil, err
	}
	b := &pollBackend{list: list, live: live, bell: ringing}
	if b.bellFD, err = ringing.Acquire(); err != nil {
		return nil, err
	}
	defer ringing.Done()
	return b, b.list.Register(b.bellFD, poll.In)
}

func (b *pollBackend) traits() traits { return traits{live: b.live} }

func (*pollBackend) supports(interest Interest) bool {
	if interest&ReadHangup != 0 && !pollTellsReadHangup {
		return false
	}
	return interest&^(conditions|OneShot) == 0
}

// pollTellsReadHangup is false on systems without POLLRDHUP.
var pollTellsReadHangup = !errors.Is(poll.New().Register(0, poll.RdHup), errors.ErrUnsupported)

func toPoll(interest Interest) (events poll.Events) {
	if interest&Readable != 0 {
		events |= poll.In
	}
	if interest&Writable != 0 {
		events |= poll.Out
	}
	if interest&Priority != 0 {
		events |= poll.Pri
	}
	if interest&ReadHangup != 0 {
		events |= poll.RdHup
	}
	return events
}

func fromPoll(events poll.Events) (ready epoll.Events) {
	if events&poll.In != 0 {
		ready |= epoll.In
	}
	if events&poll.Out != 0 {
		ready |= epoll.Out
	}
	if events&poll.Pri != 0 {
		ready |= epoll.Pri
	}
	if events&poll.RdHup != 0 {
		ready |= epoll.RdHup
	}
	if events&poll.Err != 0 {
		ready |= epoll.Err
	}
	if events&poll.Hup != 0 {
		ready |= epoll.Hup
	}
	if events&poll.Nval != 0 {
		ready |= vanished
	}
	return ready
}

// add looks whether the descriptor can be waited on, which poll(2) would tell only in a wait.
func (b *pollBackend) add(fd int, interest Interest, tag uint32) error {
	if fd == b.bellFD {
		return errNotOpen(fd) // a number that was closed, and is ours now
	}
	look := []poll.FD{{FD: int32(fd), Events: toPoll(interest)}}
	_, err := poll.Wait(look, 0)
	switch {
	case errors.Is(err, afd.ErrNotSocket):
		return errNotSocket(fd)
	case err != nil:
		return err
	case look[0].Revents&poll.Nval == 0:
		return b.modify(fd, 0, interest, tag)
	case sys.IsOpen(fd):
		return errNotPollable(fd, interest) // a device of macOS, say, that select takes
	}
	return errNotOpen(fd)
}

func (b *pollBackend) modify(fd int, _, interest Interest, tag uint32) error {
	b.newest.Store(tag)
	err := b.list.Register(fd, toPoll(interest)) // which replaces
	if errors.Is(err, afd.ErrNotSocket) {
		return errNotOpen(fd) // it was closed, and its number is another handle's now
	}
	return err
}

func (b *pollBackend) remove(fd int, interest Interest) error {
	b.forget(fd, interest)
	return nil
}

func (b *pollBackend) forget(fd int, _ Interest) {
	_ = b.list.Unregister(fd) // after a one-shot event it is not there
}

func (b *pollBackend) look(all *batch) error { return b.poll(all, 0) }

func (b *pollBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	if _, err := b.bell.Acquire(); err != nil {
		return errClosed
	}
	defer b.bell.Done()
	b.sleeping.Store(true)
	defer b.sleeping.Store(false)
	if !ready() {
		all.n = 0
		return nil
	}
	err := b.poll(all, left)
	for _, event := range all.events[:all.n] {
		if event.Tag == bellTag {
			b.bell.Clear()
		}
	}
	return err
}

func (b *pollBackend) poll(all *batch, timeout time.Duration) error {
	events := b.spare.take(all.room)
	newest := b.newest.Load()
	n, err := b.list.Poll(events, timeout)
	if others, ok := errors.AsType[*afd.NotSocketsError](err); ok {
		// On Windows, numbers that were closed, and belong to something else now.
		n, err = min(len(others.Handles), len(events)), nil
		for i, fd := range others.Handles[:n] {
			events[i] = poll.Event{FD: fd, Events: poll.Nval}
		}
	}
	all.n = n
	for i, event := range events[:n] {
		all.events[i] = epoll.Event{Events: fromPoll(event.Events), FD: int32(event.FD), Tag: newest}
		if event.FD == b.bellFD {
			all.events[i].Tag = bellTag
		}
	}
	b.spare.giveBack(events)
	return err
}

// spare is room for events, of each of several goroutines that wait at the same time.
type spare[T any] struct {
	mu    sync.Mutex
	rooms [][]T
}

func (s *spare[T]) take(room int) (events []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.rooms) - 1; last >= 0 {
		events, s.rooms = s.rooms[last], s.rooms[:last]
	}
	if cap(events) < room {
		events = make([]T, room)
	}
	return events[:room]
}

func (s *spare[T]) giveBack(events []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms = append(s.rooms, events)
}

func (b *pollBackend) wake() {
	if b.sleeping.Load() {
		b.bell.Wake()
	}
}

func (b *pollBackend) close() error {
	err := b.bell.Close()
	if list, ok := b.list.(io.Closer); ok {
		err = errors.Join(err, list.Close())
	}
	return err
}
