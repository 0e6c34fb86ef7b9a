package iomux

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/kqueueemu"
	"iomux/internal/sys"
	"iomux/internal/waker"
	"iomux/kqueue"
	"iomux/poll"
)

// kqueueBackend is kqueue(2). A source is a registration of FilterRead, FilterWrite or both; the bell is one more. What a
// filter cannot tell by itself, since it knows one direction only (that a connection hung up, or failed), poll(2) is asked for
// when the filter tells that something came to its end.
//
// A goroutine sleeps blocked in the kernel: the Go runtime cannot poll a kqueue, as it would ask for writing, too, which a
// kqueue refuses.
type kqueueBackend struct {
	queue    *kqueue.Queue
	bell     *waker.Waker
	bellFD   int
	urgent   bool // the system has FilterExcept
	sleeping atomic.Bool

	mu       sync.Mutex // never held over a wait
	entries  table[kqueueEntry]
	round    uint64 // counts the batches
	changes  [3]kqueue.Event
	question [1]poll.FD
	spare    [][]kqueue.Event
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

func newKqueueBackend() (*kqueueBackend, error) {
	queue, err := kqueue.New()
	if err != nil {
		return nil, err
	}
	b := &kqueueBackend{queue: queue}
	if b.bell, err = waker.New(); err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	if b.bellFD, err = b.bell.Acquire(); err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	defer b.bell.Done()
	ring := kqueue.Event{Ident: uint64(b.bellFD), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd, Udata: bellTag}
	if _, err := queue.Control([]kqueue.Event{ring}, nil, 0); err != nil {
		return nil, errors.Join(err, b.close())
	}
	// To remove what is not there is refused in one way by those that have the filter, and in another by those that have not.
	ring.Filter, ring.Flags = kqueue.FilterExcept, kqueue.EvDelete
	_, err = queue.Control([]kqueue.Event{ring}, nil, 0)
	b.urgent = !errors.Is(err, errors.ErrUnsupported)
	return b, nil
}

func (*kqueueBackend) traits() traits { return traits{exact: true, live: true, oneShot: true} }

func (b *kqueueBackend) supports(interest Interest) bool {
	return interest&^(conditions|modes) == 0 && (b.urgent || interest&Priority == 0)
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

func (b *kqueueBackend) add(fd int, interest Interest, tag uint32) error {
	if fd == b.bellFD || fd == b.queue.FD() { // a number that was closed, and is ours now
		return errNotOpen(fd)
	}
	if sys.IsFile(fd) {
		return &sys.Error{Call: "kevent", FD: fd, Err: syscall.EPERM, Advice: "regular files are always ready"}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.entries.get(int32(fd)); old != nil && b.leave(fd, old.interest) == nil {
		return errors.Join(errRegistered(fd), b.enter(fd, old.interest, old.tag))
	}
	if err := b.enter(fd, interest, tag); err != nil {
		return err
	}
	b.entries.set(int32(fd), &kqueueEntry{interest: interest, tag: tag})
	return nil
}

// modify takes the old registration out and puts a new one in, since a kernel changes of an existing one the notes only.
func (b *kqueueBackend) modify(fd int, _, interest Interest, tag uint32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.entries.get(int32(fd))
	if err := b.leave(fd, entry.interest); err != nil {
		return err
	}
	if err := b.enter(fd, interest, tag); err != nil {
		_ = b.enter(fd, entry.interest, entry.tag) // the first error tells more
		return err
	}
	entry.interest, entry.tag = interest, tag
	return nil
}

func (b *kqueueBackend) remove(fd int, _ Interest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.entries.get(int32(fd))
	b.entries.set(int32(fd), nil)
	return b.leave(fd, entry.interest)
}

// forget has nothing to do: the kernel has forgotten, and the entry is a successor's, or will be.
func (*kqueueBackend) forget(int, Interest) {}

// enter registers all filters, or none.
func (b *kqueueBackend) enter(fd int, interest Interest, tag uint32) error {
	all := b.filters(fd, interest, tag)
	_, err := b.queue.Control(all, nil, 0)
	if err == nil {
		return nil
	}
	_ = b.delete(all) // what failed tells more
	switch {
	case errors.Is(err, syscall.EBADF):
		return errNotOpen(fd)
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO), errors.Is(err, errors.ErrUnsupported):
		return errNotPollable(fd, interest) // a device that has no filter
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

func (b *kqueueBackend) look(all *batch) error {
	// Where all that was taken turns out to be nothing to report, there may be something behind it.
	for range 8 {
		if taken, err := b.take(all, 0); taken == 0 || all.n > 0 || err != nil {
			return err
		}
	}
	return nil
}

func (b *kqueueBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	all.n = 0
	b.sleeping.Store(true)
	defer b.sleeping.Store(false)
	if !ready() {
		return nil
	}
	_, err := b.take(all, left)
	for _, event := range all.events[:all.n] {
		if event.Tag == bellTag {
			b.bell.Clear()
		}
	}
	return err
}

// take fills the batch with what the kernel tells, and reports how much that was.
func (b *kqueueBackend) take(all *batch, timeout time.Duration) (taken int, err error) {
	events := b.borrow(all.room)
	taken, err = b.queue.Control(nil, events, timeout)
	b.mu.Lock()
	defer b.mu.Unlock()
	all.n = 0
	b.round++
	for i := range events[:taken] {
		b.tell(all, &events[i])
	}
	b.spare = append(b.spare, events)
	return taken, err
}

// borrow is room for events, of the one of several goroutines that calls it.
func (b *kqueueBackend) borrow(room int) (events []kqueue.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := len(b.spare) - 1; last >= 0 {
		events, b.spare = b.spare[last], b.spare[:last]
	}
	if cap(events) < room {
		events = make([]kqueue.Event, room)
	}
	return events[:room]
}

// tell puts an event into the batch: one for each descriptor.
func (b *kqueueBackend) tell(all *batch, event *kqueue.Event) {
	fd := int32(event.Ident)
	if int(fd) == b.bellFD {
		all.events[all.n] = epoll.Event{FD: fd, Tag: bellTag}
		all.n++
		return
	}
	entry := b.entries.get(fd)
	if entry == nil || uint64(entry.tag) != event.Udata {
		return // it was removed meanwhile
	}
	ready := b.readiness(event, entry)
	switch {
	case ready == 0:
	case entry.round == b.round:
		all.events[entry.place].Events |= ready
	default:
		all.events[all.n] = epoll.Event{Events: ready, FD: fd, Tag: entry.tag}
		entry.round, entry.place = b.round, all.n
		all.n++
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
	asked := entry.interest
	if !pollTellsReadHangup {
		asked &^= ReadHangup
	}
	b.question[0] = poll.FD{FD: int32(event.Ident), Events: toPoll(asked)}
	if _, err := poll.Wait(b.question[:], 0); err == nil {
		ready = fromPoll(b.question[0].Revents) &^ vanished
	}
	if event.Filter == kqueue.FilterRead && event.Flags&kqueue.EvEOF != 0 {
		ready |= epoll.RdHup
	}
	ready &= epoll.Events(entry.interest | unasked)
	if ready == 0 && plain && kqueue.Native && b.question[0].Revents == 0 {
		return direction // two calls of one kernel differ, and the one that says that it is ready says so all the time
	}
	if ready != 0 && !plain && entry.interest&modes == 0 && !b.rearm(event.Filter, entry, int(event.Ident)) {
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

func (b *kqueueBackend) wake() {
	if b.sleeping.Load() {
		b.bell.Wake()
	}
}

func (b *kqueueBackend) close() error { return errors.Join(b.queue.Close(), b.bell.Close()) }
