package backend

import (
	"errors"
	"sync"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
	"iomux/internal/freelist"
	"iomux/internal/sys"
	"iomux/poll"
	"iomux/selectfd"
)

// selectBackend is select(2). Each call gets sets made from the list of registrations. A sleep also
// waits for the waker to be readable.
type selectBackend struct {
	waker   wakeDescriptor
	sleeper sleeper
	sets    freelist.List[*selectSets]

	mu     sync.Mutex // never held over a system call
	list   []selectEntry
	index  map[int32]int // from a descriptor to its place in list
	next   int           // the place in list at which the next call begins
	newest uint32        // tag
}

type selectEntry struct {
	fd       int32
	interest Interest
}

// selectSets holds the arguments of one call.
type selectSets struct{ r, w, x selectfd.Set }

// NewSelect returns the backend of select(2).
func NewSelect() (Backend, error) {
	w, err := newWakeDescriptor()
	if err != nil {
		return nil, err
	}
	return &selectBackend{waker: w, sleeper: sleeper{signal: w}, index: make(map[int32]int)}, nil
}

func (*selectBackend) Traits() Traits { return Traits{} }

func (*selectBackend) Supports(interest Interest) bool {
	return interest&^(Readable|Writable|Priority|OneShot) == 0
}

func (b *selectBackend) Add(fd int, interest Interest, tag uint32) error {
	if b.waker.Owns(fd) {
		return errOwn
	}
	if !sys.IsOpen(fd) {
		return ErrNotOpen
	}
	if afd.Check(fd) != nil {
		return errNotSocket()
	}
	if isPath(fd) {
		return ErrNotPollable
	}
	return b.Modify(fd, 0, interest, tag)
}

// isPath reports whether fd was opened with O_PATH of Linux. select(2) reports such a descriptor as
// ready for everything, and poll(2) as not open.
func isPath(fd int) bool {
	if !sys.IsLinux {
		return false
	}
	fds := []poll.FD{{FD: int32(fd)}}
	_, err := poll.Wait(fds, 0)
	return err == nil && fds[0].Revents&poll.Nval != 0
}

// Modify replaces the entry, or adds it again if a one-shot event has removed it.
func (b *selectBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest = tag
	entry := selectEntry{int32(fd), interest}
	if i, ok := b.index[entry.fd]; ok {
		b.list[i] = entry
		return nil
	}
	b.index[entry.fd] = len(b.list)
	b.list = append(b.list, entry)
	return nil
}

func (b *selectBackend) Remove(fd int, interest Interest) bool {
	b.Forget(fd, interest)
	return true
}

func (b *selectBackend) Forget(fd int, _ Interest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(int32(fd))
}

// drop removes the entry of fd, if there is one, by moving the last entry to its place.
func (b *selectBackend) drop(fd int32) {
	i, ok := b.index[fd]
	if !ok {
		return
	}
	last := len(b.list) - 1
	b.list[i] = b.list[last]
	b.index[b.list[i].fd] = i
	b.list = b.list[:last]
	delete(b.index, fd)
}

func (b *selectBackend) Look(batch *Batch) error { return b.wait(batch, 0, false) }

func (b *selectBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	if _, err := b.waker.Acquire(); err != nil {
		return ErrClosed
	}
	defer b.waker.Done()
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	return b.wait(batch, timeout, true)
}

func (b *selectBackend) wait(batch *Batch, timeout time.Duration, sleeping bool) error {
	batch.N = 0
	sets := b.sets.GetOr(func() *selectSets { return new(selectSets) })
	defer b.sets.Put(sets)
	newest := b.fill(sets, sleeping)
	_, err := selectfd.Wait(&sets.r, &sets.w, &sets.x, timeout)
	if err == nil && sets.r.Has(b.waker.fd) {
		if err := b.sleeper.noticed(true); err != nil { // only a sleep waits for the waker
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.collect(batch, sets, newest)
	case errors.Is(err, syscall.EBADF), errors.Is(err, afd.ErrNotSocket):
		b.findVanished(batch, newest)
		err = nil
		if sleeping && batch.N == 0 && !sys.IsOpen(b.waker.fd) {
			err = errWakerClosed
		}
	}
	return err
}

// fill makes the sets of one call.
func (b *selectBackend) fill(sets *selectSets, withWaker bool) (newest uint32) {
	sets.r.Clear()
	sets.w.Clear()
	sets.x.Clear()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, entry := range b.list {
		if entry.interest&Readable != 0 {
			sets.r.Add(int(entry.fd))
		}
		if entry.interest&Writable != 0 {
			sets.w.Add(int(entry.fd))
		}
		if entry.interest&Priority != 0 {
			sets.x.Add(int(entry.fd))
		}
	}
	if withWaker {
		sets.r.Add(b.waker.fd)
	}
	return b.newest
}

// collect adds events of the members of the sets, in turns, beginning at next.
func (b *selectBackend) collect(batch *Batch, sets *selectSets, newest uint32) {
	if b.next >= len(b.list) {
		b.next = 0
	}
	for i := range b.list {
		at := (b.next + i) % len(b.list)
		entry := b.list[at]
		event := epoll.Event{FD: entry.fd, Tag: newest}
		if sets.r.Has(int(entry.fd)) {
			event.Events |= epoll.In
		}
		if sets.w.Has(int(entry.fd)) {
			event.Events |= epoll.Out
		}
		if sets.x.Has(int(entry.fd)) {
			event.Events |= epoll.Pri
		}
		if event.Events == 0 {
			continue
		}
		if batch.N == batch.Room {
			b.next = at
			return
		}
		batch.add(event)
	}
	b.next = 0
}

// findVanished adds events of the descriptors for which select(2) failed. They were closed, or on
// Windows no longer belong to a socket.
func (b *selectBackend) findVanished(batch *Batch, newest uint32) {
	for i := 0; i < len(b.list) && batch.N < batch.Room; i++ {
		if fd := b.list[i].fd; !sys.IsOpen(int(fd)) || afd.Check(int(fd)) != nil {
			batch.add(epoll.Event{Events: Vanished, FD: fd, Tag: newest})
			b.drop(fd)
			i-- // another entry is here now
		}
	}
}

func (b *selectBackend) Wake() { b.sleeper.wake() }

func (b *selectBackend) Close() error { return b.waker.Close() }
