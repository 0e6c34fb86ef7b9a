package backend

import (
	"errors"
	"math"
	"sync"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/fdtable"
	"iomux/internal/freelist"
	"iomux/internal/kqueueemu"
	"iomux/internal/sys"
	"iomux/kqueue"
	"iomux/poll"
)

// kqueueBackend is kqueue(2). A source is a registration of FilterRead, FilterWrite or both; the
// waker is one more. A filter knows one direction only. When it reports an end, poll(2) is asked
// whether the connection hung up or failed.
//
// A goroutine sleeps blocked in the kernel. The Go runtime cannot poll a kqueue, because it asks
// for writing, too, which a kqueue refuses.
type kqueueBackend struct {
	queue   *kqueue.Queue
	waker   wakeDescriptor
	sleeper sleeper
	urgent  bool // the system has FilterExcept
	rooms   freelist.Slices[kqueue.Event]

	mu       sync.Mutex // never held over a wait
	entries  fdtable.Table[kqueueEntry]
	round    uint64 // counts the batches
	changes  [3]kqueue.Event
	question [1]poll.FD
}

// kqueueEntry is what is registered of one descriptor.
type kqueueEntry struct {
	interest Interest
	tag      uint32
	round    uint64 // of the batch in which it was told last
	place    int    // in that batch
}

// leaveError keeps the emulation from taking a socket's error away, which a kernel's kqueue leaves where it is.
func leaveError() kqueue.Fflags {
	if kqueue.Native {
		return 0
	}
	return kqueueemu.LeaveError
}

// NewKqueue returns the backend of kqueue(2).
func NewKqueue() (Backend, error) {
	w, err := newWakeDescriptor()
	if err != nil {
		return nil, err
	}
	queue, err := kqueue.New()
	if err != nil {
		_ = w.Close() // the first error says more
		return nil, err
	}
	b := &kqueueBackend{queue: queue, waker: w, sleeper: sleeper{signal: w}}
	ring := kqueue.Event{Ident: uint64(w.fd), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd, Udata: wakerTag}
	if _, err := queue.Control([]kqueue.Event{ring}, nil, 0); err != nil {
		_ = b.Close() // the first error says more
		return nil, err
	}
	// A system that has the filter refuses this removal with another error than one that lacks it.
	ring.Filter, ring.Flags = kqueue.FilterExcept, kqueue.EvDelete
	_, err = queue.Control([]kqueue.Event{ring}, nil, 0)
	b.urgent = !errors.Is(err, errors.ErrUnsupported)
	return b, nil
}

func (*kqueueBackend) Traits() Traits { return Traits{Exact: true, Live: true, OneShot: true} }

func (b *kqueueBackend) Supports(interest Interest) bool {
	return interest&^(Conditions|Modes) == 0 && (b.urgent || interest&Priority == 0)
}

// filters is a change for each filter that an interest needs. Edge and one-shot registrations of a filter are the kernel's own;
// since one-shot is disabled rather than deleted, the kernel can tell later on whether the descriptor is still the same file's.
//
// A filter that is there to learn of an end, or of urgent data, tells of each arrival once.
func (b *kqueueBackend) filters(fd int, interest Interest, tag uint32) []kqueue.Event {
	flags := kqueue.EvAdd
	switch {
	case interest&OneShot != 0:
		flags |= kqueue.EvDispatch
	case interest&Edge != 0:
		flags |= kqueue.EvClear
	}
	all := b.changes[:0]
	add := func(filter kqueue.Filter, flags kqueue.Flags, notes kqueue.Fflags) {
		all = append(all, kqueue.Event{Ident: uint64(fd), Filter: filter, Flags: flags, Fflags: notes, Udata: uint64(tag)})
	}
	switch {
	case interest&Readable != 0:
		add(kqueue.FilterRead, flags, leaveError())
	case interest&ReadHangup != 0 || interest&Writable == 0:
		add(kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear, leaveError()|kqueue.NoteLowat)
		all[0].Data = math.MaxInt32 // more than ever arrives
	}
	if interest&Writable != 0 {
		add(kqueue.FilterWrite, flags, leaveError())
	}
	if interest&Priority != 0 {
		add(kqueue.FilterExcept, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteOOB)
	}
	return all
}

// isPlain reports whether a filter is there for its own sake.
func isPlain(filter kqueue.Filter, interest Interest) bool {
	return filter == kqueue.FilterWrite || filter == kqueue.FilterRead && interest&Readable != 0
}

func (b *kqueueBackend) Add(fd int, interest Interest, tag uint32) error {
	if b.waker.Owns(fd) || fd == b.queue.FD() { // the caller has closed it, and the number is ours now
		return ErrNotOpen
	}
	if sys.IsFile(fd) {
		return ErrAlwaysReady
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.entries.Get(int32(fd)); old != nil && b.leave(fd, old.interest) == nil {
		return first(b.enter(fd, old.interest, old.tag), ErrRegistered)
	}
	if err := b.enter(fd, interest, tag); err != nil {
		return err
	}
	b.entries.Set(int32(fd), &kqueueEntry{interest: interest, tag: tag})
	return nil
}

// Modify takes the old registration out and puts a new one in. Of an existing one a kernel would
// change the notes only.
func (b *kqueueBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.entries.Get(int32(fd))
	if err := b.leave(fd, entry.interest); err != nil {
		return err
	}
	if err := b.enter(fd, interest, tag); err != nil {
		_ = b.enter(fd, entry.interest, entry.tag) // the first error says more
		return err
	}
	entry.interest, entry.tag = interest, tag
	return nil
}

func (b *kqueueBackend) Remove(fd int, _ Interest) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.entries.Get(int32(fd))
	b.entries.Set(int32(fd), nil)
	return b.leave(fd, entry.interest) == nil
}

// Forget has nothing to do. The kernel has dropped the registration, and the entry belongs to a
// successor, or will be replaced.
func (*kqueueBackend) Forget(int, Interest) {}

// enter registers all filters, or none.
func (b *kqueueBackend) enter(fd int, interest Interest, tag uint32) error {
	all := b.filters(fd, interest, tag)
	_, err := b.queue.Control(all, nil, 0)
	if err == nil {
		return nil
	}
	_ = b.delete(all) // the first error says more
	switch {
	case errors.Is(err, syscall.EBADF):
		return ErrNotOpen
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO), errors.Is(err, errors.ErrUnsupported):
		return ErrNotPollable // a device without a filter
	}
	return err
}

// leave removes all filters. It fails if the descriptor is not that of the file that was registered.
func (b *kqueueBackend) leave(fd int, interest Interest) error {
	return b.delete(b.filters(fd, interest, 0))
}

func (b *kqueueBackend) delete(all []kqueue.Event) (err error) {
	for i := range all {
		all[i].Flags, all[i].Fflags = kqueue.EvDelete, 0
		if _, failure := b.queue.Control(all[i:i+1], nil, 0); err == nil {
			err = failure
		}
	}
	return err
}

func (b *kqueueBackend) Look(batch *Batch) error {
	// If nothing of what was taken is to be reported, something behind it may be.
	for range 8 {
		if taken, err := b.take(batch, 0, false); taken == 0 || batch.N > 0 || err != nil {
			return err
		}
	}
	return nil
}

func (b *kqueueBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	_, err := b.take(batch, timeout, true)
	return err
}

// take fills the batch with what the kernel reports, and returns how many kevents those were.
func (b *kqueueBackend) take(batch *Batch, timeout time.Duration, sleeping bool) (taken int, err error) {
	events := b.rooms.Get(batch.Room)
	defer b.rooms.Put(events)
	taken, err = b.queue.Control(nil, events, timeout)
	b.mu.Lock()
	defer b.mu.Unlock()
	batch.N = 0
	b.round++
	for i := range events[:taken] {
		if int(events[i].Ident) == b.waker.fd && events[i].Udata == wakerTag {
			b.sleeper.noticed(sleeping)
			continue
		}
		b.report(batch, &events[i])
	}
	return taken, err
}

// report puts an event into the batch: one for each descriptor.
func (b *kqueueBackend) report(batch *Batch, event *kqueue.Event) {
	fd := int32(event.Ident)
	entry := b.entries.Get(fd)
	if entry == nil || uint64(entry.tag) != event.Udata {
		return // it was removed meanwhile
	}
	ready := b.readiness(event, entry)
	switch {
	case ready == 0:
	case entry.round == b.round:
		batch.Events[entry.place].Events |= ready
	default:
		entry.round, entry.place = b.round, batch.N
		batch.add(epoll.Event{Events: ready, FD: fd, Tag: entry.tag})
	}
}

// readiness is what an event means.
func (b *kqueueBackend) readiness(event *kqueue.Event, entry *kqueueEntry) (ready epoll.Events) {
	plain := isPlain(event.Filter, entry.interest)
	direction := epoll.In
	if event.Filter == kqueue.FilterWrite {
		direction = epoll.Out
	}
	if plain && event.Flags&kqueue.EvEOF == 0 && event.Fflags == 0 {
		return direction
	}
	b.question[0] = poll.FD{FD: int32(event.Ident), Events: toPoll(entry.interest)}
	if _, err := poll.Wait(b.question[:], 0); err == nil {
		ready = fromPoll(b.question[0].Revents) &^ Vanished
	}
	if event.Filter == kqueue.FilterRead && event.Flags&kqueue.EvEOF != 0 {
		ready |= epoll.RdHup
	}
	ready &= epoll.Events(entry.interest | Unasked)
	if ready == 0 && plain && kqueue.Native && b.question[0].Revents == 0 {
		return direction // two calls of one kernel differ, and the one that says that it is ready says so all the time
	}
	if ready != 0 && !plain && entry.interest&Modes == 0 && !b.rearm(event.Filter, entry, int(event.Ident)) {
		return 0
	}
	return ready
}

// rearm makes a filter that tells of each arrival once tell again of what lasts. It fails if the descriptor is another file's.
func (b *kqueueBackend) rearm(filter kqueue.Filter, entry *kqueueEntry, fd int) bool {
	for _, change := range b.filters(fd, entry.interest, entry.tag) {
		if change.Filter != filter {
			continue
		}
		b.changes[0], b.changes[1] = change, change
		b.changes[0].Flags, b.changes[0].Fflags = kqueue.EvDelete, 0
		_, err := b.queue.Control(b.changes[:2], nil, 0)
		return err == nil
	}
	return false
}

func (b *kqueueBackend) Wake() { b.sleeper.wake() }

func (b *kqueueBackend) Close() error { return first(b.queue.Close(), b.waker.Close()) }
