package iomux

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
	"iomux/internal/sys"
	"iomux/internal/waker"
	"iomux/selectfd"
)

// selectBackend is select(2). The sets of each call are made from a list of what is registered; the bell is one of the readers.
type selectBackend struct {
	bell     *waker.Waker
	bellFD   int
	sleeping atomic.Bool

	mu     sync.Mutex
	list   []selectEntry
	index  map[int32]int // of a descriptor in list
	next   int           // index in list at which the next call begins to hand out
	newest uint32        // tag
	spare  []*selectSets
}

type selectEntry struct {
	fd       int32
	interest Interest
}

// selectSets are what one call is made with.
type selectSets struct{ r, w, x selectfd.Set }

func newSelectBackend() (*selectBackend, error) {
	ringing, err := waker.New()
	if err != nil {
		return nil, err
	}
	b := &selectBackend{bell: ringing, index: make(map[int32]int)}
	if b.bellFD, err = ringing.Acquire(); err != nil {
		return nil, err
	}
	ringing.Done()
	return b, nil
}

func (*selectBackend) traits() traits { return traits{} }

func (*selectBackend) supports(interest Interest) bool {
	return interest&^(Readable|Writable|Priority|OneShot) == 0
}

func (b *selectBackend) add(fd int, interest Interest, tag uint32) error {
	if fd == b.bellFD || !sys.IsOpen(fd) { // the bell's number may be one that was closed
		return errNotOpen(fd)
	}
	if afd.Check(fd) != nil {
		return errNotSocket(fd)
	}
	return b.modify(fd, 0, interest, tag)
}

// modify replaces the entry, or makes one if a one-shot event has removed it.
func (b *selectBackend) modify(fd int, _, interest Interest, tag uint32) error {
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

func (b *selectBackend) remove(fd int, interest Interest) error {
	b.forget(fd, interest)
	return nil
}

func (b *selectBackend) forget(fd int, _ Interest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(int32(fd))
}

// drop moves the last entry to the place of fd, which after a one-shot event is not there.
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

func (b *selectBackend) look(all *batch) error { return b.wait(all, 0) }

func (b *selectBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
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
	return b.wait(all, left)
}

func (b *selectBackend) wait(all *batch, timeout time.Duration) error {
	all.n = 0
	sets, newest := b.ask(timeout != 0)
	_, err := selectfd.Wait(&sets.r, &sets.w, &sets.x, timeout)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.answer(all, sets, newest)
	case errors.Is(err, syscall.EBADF), errors.Is(err, afd.ErrNotSocket):
		b.findVanished(all, newest)
		err = nil
	}
	b.spare = append(b.spare, sets)
	return err
}

// ask makes the sets of one call.
func (b *selectBackend) ask(withBell bool) (sets *selectSets, newest uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := len(b.spare) - 1; last >= 0 {
		sets, b.spare = b.spare[last], b.spare[:last]
		sets.r.Clear()
		sets.w.Clear()
		sets.x.Clear()
	} else {
		sets = new(selectSets)
	}
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
	if withBell {
		sets.r.Add(b.bellFD)
	}
	return sets, b.newest
}

// answer hands out what is in the sets, round from next.
func (b *selectBackend) answer(all *batch, sets *selectSets, newest uint32) {
	if sets.r.Has(b.bellFD) {
		b.bell.Clear()
	}
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
		if all.n == all.room {
			b.next = at
			return
		}
		all.events[all.n] = event
		all.n++
	}
	b.next = 0
}

// findVanished hands out the descriptors for which select failed: they were closed, or belong to what Windows cannot wait on now.
func (b *selectBackend) findVanished(all *batch, newest uint32) {
	for i := 0; i < len(b.list) && all.n < all.room; i++ {
		if fd := b.list[i].fd; !sys.IsOpen(int(fd)) || afd.Check(int(fd)) != nil {
			all.events[all.n] = epoll.Event{Events: vanished, FD: fd, Tag: newest}
			all.n++
			b.drop(fd)
			i-- // another entry is here now
		}
	}
}

func (b *selectBackend) wake() {
	if b.sleeping.Load() {
		b.bell.Wake()
	}
}

func (b *selectBackend) close() error { return b.bell.Close() }
