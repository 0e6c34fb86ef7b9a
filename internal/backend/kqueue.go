//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package backend

import (
	"errors"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/epollemu"
	"iomux/internal/freelist"
)

// kqueueBackend is kqueue(2). It uses the emulation of epoll over kqueue. The waker is one of the
// registered descriptors.
//
// A goroutine sleeps blocked in the kernel. The Go runtime cannot poll a kqueue, because it also
// requests writability, which a kqueue refuses.
type kqueueBackend struct {
	queue   *epollemu.Epoll
	waker   wakeDescriptor
	sleeper sleeper
	rooms   freelist.Slices[epollemu.Event]
}

// NewKqueue returns the backend of kqueue(2).
func NewKqueue() (Backend, error) {
	w, err := newWakeDescriptor()
	if err != nil {
		return nil, err
	}
	queue, err := epollemu.New()
	if err != nil {
		_ = w.Close() // the first error matters more
		return nil, err
	}
	b := &kqueueBackend{queue: queue, waker: w, sleeper: sleeper{signal: w}}
	if err := queue.Add(w.fd, uint32(Readable), wakerTag); err != nil {
		_ = b.Close() // the first error matters more
		return nil, err
	}
	return b, nil
}

func (*kqueueBackend) Traits() Traits { return Traits{Exact: true, Live: true, OneShot: true} }

func (*kqueueBackend) Supports(interest Interest) bool {
	return interest&^(Conditions|Modes) == 0 && (epollemu.HasUrgent() || interest&Priority == 0)
}

// owns reports whether fd is one of this backend's descriptors. The caller's file with that number
// was closed.
func (b *kqueueBackend) owns(fd int) bool { return b.waker.Owns(fd) || fd == b.queue.FD() }

func (b *kqueueBackend) Add(fd int, interest Interest, tag uint32) error {
	if b.owns(fd) {
		return errOwn
	}
	err := b.queue.Add(fd, uint32(interest), uint64(tag))
	switch {
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO), errors.Is(err, errors.ErrUnsupported):
		return ErrNotPollable // a device without a filter
	case errors.Is(err, syscall.EBADF):
		return notOpen(fd)
	}
	return explain(err)
}

func (b *kqueueBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	if b.owns(fd) {
		return errOwn
	}
	return explain(b.queue.Modify(fd, uint32(interest), uint64(tag)))
}

func (b *kqueueBackend) Remove(fd int, _ Interest) (removed bool) {
	return !b.owns(fd) && b.queue.Remove(fd) == nil
}

// Forget does nothing, because the kernel has dropped the registration.
func (*kqueueBackend) Forget(int, Interest) {}

func (b *kqueueBackend) Look(batch *Batch) error { return b.take(batch, 0, false) }

func (b *kqueueBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	return b.take(batch, timeout, true)
}

func (b *kqueueBackend) take(batch *Batch, timeout time.Duration, sleeping bool) error {
	batch.N, batch.Hidden = 0, false
	events := b.rooms.Get(batch.Room)
	defer b.rooms.Put(events)
	n, err := b.queue.Take(events, timeout)
	for _, event := range events[:n] {
		if event.Data == wakerTag {
			batch.Hidden = n == batch.Room
			err = first(err, b.sleeper.noticed(sleeping))
			continue
		}
		batch.add(epoll.Event{Events: epoll.Events(event.Events), FD: event.FD, Tag: uint32(event.Data)})
	}
	return explain(err)
}

func (b *kqueueBackend) Wake() { b.sleeper.wake() }

func (b *kqueueBackend) Close() error { return first(b.queue.Close(), b.waker.Close()) }
