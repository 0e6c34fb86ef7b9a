package backend

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
	"iomux/internal/freelist"
	"iomux/poll"
)

// pollBackend is poll(2) or /dev/poll, which are used in the same way. The waker is one of the
// descriptors in its list.
type pollBackend struct {
	list    pollList
	live    bool // a wait sees changes of the list
	waker   wakeDescriptor
	sleeper sleeper
	newest  atomic.Uint32 // tag
	rooms   freelist.Slices[poll.Event]
}

// pollList is a list of descriptors. Registering a descriptor again replaces its entry.
type pollList interface {
	Register(fd int, events poll.Events) error
	Unregister(fd int) error
	Poll(events []poll.Event, timeout time.Duration) (int, error)
}

// NewPoll returns the backend of poll(2).
func NewPoll() (Backend, error) { return newPoll(poll.New(), false) }

func newPoll(list pollList, live bool) (*pollBackend, error) {
	w, err := newWakeDescriptor()
	if err != nil {
		return nil, err
	}
	b := &pollBackend{list: list, live: live, waker: w, sleeper: sleeper{signal: w}}
	if err := list.Register(w.fd, poll.In); err != nil {
		_ = w.Close() // the first error matters more
		return nil, err
	}
	return b, nil
}

func (b *pollBackend) Traits() Traits { return Traits{Live: b.live} }

func (*pollBackend) Supports(interest Interest) bool { return pollSupports(interest) }

func pollSupports(interest Interest) bool {
	if interest&ReadHangup != 0 && !pollHasReadHangup() {
		return false
	}
	return interest&^(Conditions|OneShot) == 0
}

// pollHasReadHangup reports whether the system has POLLRDHUP.
var pollHasReadHangup = sync.OnceValue(func() bool {
	return !errors.Is(poll.New().Register(0, poll.RdHup), errors.ErrUnsupported)
})

// toPoll returns the events to request from poll(2), without those that the system lacks.
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
	if interest&ReadHangup != 0 && pollHasReadHangup() {
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
		ready |= Vanished
	}
	return ready
}

// IsAlwaysReady reports whether poll(2) reports fd as readable and writable, as far as interest
// requests it. It is for descriptors that the mechanism refuses: a regular file, a directory, or a
// device without a poll function. If poll(2) fails, as it does while RLIMIT_NOFILE is 0, the
// refusal alone decides.
func IsAlwaysReady(fd int, interest Interest) bool {
	requested := toPoll(interest & (Readable | Writable))
	fds := []poll.FD{{FD: int32(fd), Events: requested}}
	if _, err := poll.Wait(fds, 0); err != nil {
		return requested != 0
	}
	return requested != 0 && fds[0].Revents&requested == requested
}

// Add checks whether the descriptor can be waited on. Otherwise poll(2) would report it only in a
// wait.
func (b *pollBackend) Add(fd int, interest Interest, tag uint32) error {
	if b.waker.Owns(fd) {
		return errOwn
	}
	fds := []poll.FD{{FD: int32(fd), Events: toPoll(interest)}}
	_, err := poll.Wait(fds, 0)
	switch {
	case errors.Is(err, afd.ErrNotSocket):
		return errNotSocket()
	case err != nil:
		return err
	case fds[0].Revents&poll.Nval == 0:
		return b.Modify(fd, 0, interest, tag)
	}
	return notOpen(fd)
}

func (b *pollBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	if b.waker.Owns(fd) {
		return errOwn
	}
	err := b.list.Register(fd, toPoll(interest)) // replaces the entry
	switch {
	case err == nil:
		b.newest.Store(tag)
	case errors.Is(err, afd.ErrNotSocket):
		return ErrNotOpen // it was closed, and another handle has its number
	case errors.Is(err, syscall.EBADF):
		return errOwn // the list has opened it
	}
	return err
}

func (b *pollBackend) Remove(fd int, interest Interest) bool {
	b.Forget(fd, interest)
	return true
}

func (b *pollBackend) Forget(fd int, _ Interest) {
	if !b.waker.Owns(fd) {
		_ = b.list.Unregister(fd) // fails for a reported one-shot entry
	}
}

func (b *pollBackend) Look(batch *Batch) error { return b.poll(batch, 0, false) }

func (b *pollBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	if _, err := b.waker.Acquire(); err != nil {
		return ErrClosed
	}
	defer b.waker.Done()
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	return b.poll(batch, timeout, true)
}

func (b *pollBackend) poll(batch *Batch, timeout time.Duration, sleeping bool) error {
	events := b.rooms.Get(batch.Room)
	defer b.rooms.Put(events)
	newest := b.newest.Load()
	n, err := b.list.Poll(events, timeout)
	if others, ok := errors.AsType[*afd.NotSocketsError](err); ok {
		// On Windows: numbers of closed sockets that other handles have now.
		n, err = min(len(others.Handles), len(events)), nil
		for i, fd := range others.Handles[:n] {
			events[i] = poll.Event{FD: fd, Events: poll.Nval}
		}
	}
	batch.N, batch.Hidden = 0, false
	for _, event := range events[:n] {
		switch {
		case event.FD != b.waker.fd:
			batch.add(epoll.Event{Events: fromPoll(event.Events), FD: int32(event.FD), Tag: newest})
		case event.Events&poll.Nval != 0:
			err = errWakerClosed
		default:
			batch.Hidden = n == batch.Room
			err = first(err, b.sleeper.noticed(sleeping))
		}
	}
	return err
}

// errWakerClosed is the error of a wait that nothing could interrupt.
var errWakerClosed = newFailure("the program has closed the poller's wake-up descriptor", "poll", syscall.EBADF)

func (b *pollBackend) Wake() { b.sleeper.wake() }

func (b *pollBackend) Close() error {
	err := b.waker.Close()
	if list, ok := b.list.(io.Closer); ok {
		err = first(err, list.Close())
	}
	return err
}
