package iomux

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/bell"
	"iomux/internal/parking"
)

// epollBackend is epoll(7). A goroutine sleeps parked in the Go scheduler, by means of a duplicate of the epoll's descriptor
// that the Go runtime polls, or else blocked in the kernel:
//
//   - where the time is shorter than the scheduler's clock is precise;
//   - where a source is watched for Priority: the runtime, when it polls the epoll, would take such an event away, since with
//     some files to look is to consume (/proc/self/mountinfo, pressure stalls). So it does not get to see the epoll then;
//   - where the Poller was made WithBlocking.
type epollBackend struct {
	blocking bool
	kernel   atomic.Pointer[epoll.Poller]
	state    atomic.Int32 // of the one who sleeps: awake, parked or blocked
	place    atomic.Pointer[parking.Place]
	bell     atomic.Pointer[bell.Bell] // made for the first one who blocks
	bellFD   atomic.Int32              // its number, -1 for none
	sleeper  sleeper

	mu         sync.Mutex // over the making and unmaking of kernel, place and bell
	priorities int        // how many sources are watched for Priority
	noPlace    bool       // the system refuses one
	closed     bool
}

// sleeper is what the goroutine that sleeps parked has brought along.
type sleeper struct {
	all   *batch
	left  time.Duration
	ready func() bool
	place *parking.Place
	check func(uintptr) bool // epollBackend.check, made once
	err   error
	again bool // check has been called before
}

const (
	awake = iota
	parked
	blocked
)

// precise is the time below which a sleep blocks: parked ones come up to a millisecond late.
const precise = 2 * time.Millisecond

func newEpollBackend(blocking bool) (*epollBackend, error) {
	kernel, err := epoll.New()
	if err != nil {
		return nil, err
	}
	b := &epollBackend{blocking: blocking}
	b.kernel.Store(kernel)
	b.sleeper.check = b.check
	b.bellFD.Store(-1)
	return b, nil
}

func (*epollBackend) traits() traits { return traits{exact: true, live: true, oneShot: true} }

func (*epollBackend) supports(interest Interest) bool { return interest&^(conditions|modes) == 0 }

func (b *epollBackend) add(fd int, interest Interest, tag uint32) error {
	if b.isBell(fd) {
		return errNotOpen(fd)
	}
	if err := b.countPriority(0, interest); err != nil {
		return err
	}
	err := b.kernel.Load().RegisterTag(fd, epoll.Events(interest), tag)
	if (errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ELOOP)) && b.stopParking() {
		err = b.kernel.Load().RegisterTag(fd, epoll.Events(interest), tag)
	}
	if err != nil {
		return errors.Join(err, b.countPriority(interest, 0))
	}
	return nil
}

// stopParking unmakes the parking place for good, and reports whether there was one. Since through it the epoll is inside
// the runtime's, Linux allows one epoll less inside each other, and no more than 500 duplicates of one file.
func (b *epollBackend) stopParking() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noPlace = true
	was := b.place.Load() != nil
	return b.unmakePlace() == nil && was
}

func (b *epollBackend) modify(fd int, before, interest Interest, tag uint32) error {
	if b.isBell(fd) {
		return errNotOpen(fd)
	}
	if err := b.countPriority(before, interest); err != nil {
		return err
	}
	err := b.kernel.Load().ModifyTag(fd, epoll.Events(interest), tag)
	if err != nil {
		return errors.Join(err, b.countPriority(interest, before))
	}
	return nil
}

func (b *epollBackend) remove(fd int, interest Interest) error {
	b.forget(fd, interest)
	if b.isBell(fd) {
		return errNotOpen(fd)
	}
	return b.kernel.Load().Unregister(fd)
}

// isBell reports whether a number that was given to us has been closed since, and become that of the bell.
func (b *epollBackend) isBell(fd int) bool { return fd == int(b.bellFD.Load()) }

func (b *epollBackend) forget(_ int, interest Interest) {
	_ = b.countPriority(interest, 0) // it fails for one more source only
}

// countPriority notes that a source that was watched for before is now for interest, and unmakes the parking place before
// the first one is watched for Priority.
func (b *epollBackend) countPriority(before, interest Interest) error {
	if (before^interest)&Priority == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if before&Priority != 0 {
		b.priorities--
		return nil
	}
	b.priorities++
	return b.unmakePlace()
}

func (b *epollBackend) unmakePlace() error {
	if place := b.place.Swap(nil); place != nil {
		return place.Close()
	}
	return nil
}

func (b *epollBackend) look(all *batch) (err error) {
	for {
		kernel := b.kernel.Load()
		all.n, err = kernel.Poll(all.events[:all.room], 0)
		if err == nil || kernel == b.kernel.Load() {
			return err
		}
	}
}

func (b *epollBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	all.n = 0
	if !b.blocking && (left < 0 || left >= precise) {
		if place := b.parkingPlace(); place != nil {
			return b.park(place, all, left, ready)
		}
	}
	return b.block(all, left, ready)
}

// parkingPlace is nil where it must not be used, or the system has no descriptor left for it.
func (b *epollBackend) parkingPlace() *parking.Place {
	if place := b.place.Load(); place != nil {
		return place
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.priorities != 0 || b.noPlace || b.closed {
		return nil
	}
	place, err := parking.New(b.kernel.Load().FD())
	if err != nil {
		b.noPlace = true // the sleeps block, then
		return nil
	}
	b.place.Store(place)
	return place
}

func (b *epollBackend) park(place *parking.Place, all *batch, left time.Duration, ready func() bool) error {
	s := &b.sleeper
	s.all, s.left, s.ready, s.place, s.err, s.again = all, left, ready, place, nil, false
	b.state.Store(parked)
	err := place.Wait(s.check)
	b.state.Store(awake)
	s.all, s.ready = nil, nil
	if s.err != nil {
		err = s.err
	}
	return b.unlessReplaced(err, place != b.place.Load())
}

// check is called when the parking place may have become readable, and once before. It looks first, and reports whether to
// stay awake.
func (b *epollBackend) check(uintptr) bool {
	s := &b.sleeper
	if s.err = b.look(s.all); s.err != nil {
		return true
	}
	if n := s.all.n; n > 0 {
		b.quiet(s.all)
		return true
	}
	if s.again {
		return false
	}
	s.again = true
	if s.left >= 0 {
		if s.err = s.place.Until(s.left); s.err != nil {
			return true
		}
	}
	return !s.ready()
}

func (b *epollBackend) block(all *batch, left time.Duration, ready func() bool) error {
	if err := b.makeBell(); err != nil {
		return err
	}
	b.state.Store(blocked)
	defer b.state.Store(awake)
	kernel := b.kernel.Load()
	if !ready() {
		return nil
	}
	var err error
	all.n, err = kernel.Poll(all.events[:all.room], left)
	b.quiet(all)
	return b.unlessReplaced(err, kernel != b.kernel.Load())
}

// unlessReplaced passes an error on, unless it is that what was slept on was closed to make room for something new.
func (b *epollBackend) unlessReplaced(err error, replaced bool) error {
	if err != nil && replaced {
		return nil
	}
	return err
}

func (b *epollBackend) makeBell() error {
	if b.bell.Load() != nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	ring, err := bell.New()
	if err != nil {
		return err
	}
	fd, err := ring.Acquire()
	if err != nil {
		return err
	}
	defer ring.Done()
	b.bellFD.Store(int32(fd))
	if err := b.kernel.Load().RegisterTag(fd, epoll.In, bellTag); err != nil {
		b.bellFD.Store(-1)
		return errors.Join(err, ring.Close())
	}
	b.bell.Store(ring)
	return nil
}

// quiet silences the bell if it was heard.
func (b *epollBackend) quiet(all *batch) {
	for _, event := range all.events[:all.n] {
		if event.Tag == bellTag {
			b.bell.Load().Quiet()
		}
	}
}

func (b *epollBackend) wake() {
	switch b.state.Load() {
	case parked:
		// Where the place was unmade meanwhile, that has woken the sleeper.
		if place := b.place.Load(); place != nil {
			place.Leave()
		}
	case blocked:
		b.bell.Load().Ring()
	}
}

func (b *epollBackend) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	err := errors.Join(b.kernel.Load().Close(), b.unmakePlace())
	if ring := b.bell.Load(); ring != nil {
		err = errors.Join(err, ring.Close())
	}
	return err
}

// renew replaces the kernel's object by a new one, and so gets rid of registrations that cannot be removed: of descriptors
// that were closed while a duplicate lives on. For each registration that is to move, each calls move, which reports whether
// the descriptor still is what was registered.
func (b *epollBackend) renew(each func(move func(fd int, interest Interest, tag uint32) bool)) error {
	fresh, err := epoll.New()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.kernel.Load()
	if b.bell.Load() != nil {
		err = fresh.RegisterTag(int(b.bellFD.Load()), epoll.In, bellTag)
	}
	if err != nil || b.closed {
		return errors.Join(err, fresh.Close())
	}
	each(func(fd int, interest Interest, tag uint32) bool {
		// The old object alone knows whether the number is still that of the file that was registered. It is asked before,
		// and again after, since the number may change hands meanwhile.
		events := epoll.Events(interest)
		if b.isBell(fd) {
			return false
		}
		if old.ModifyTag(fd, events, tag) != nil || fresh.RegisterTag(fd, events, tag) != nil {
			return false
		}
		if old.ModifyTag(fd, events, tag) != nil {
			_ = fresh.Unregister(fd) // where that fails, too, its tag is nobody's any more
			return false
		}
		return true
	})
	b.kernel.Store(fresh)
	b.noPlace = false
	if err := errors.Join(b.unmakePlace(), old.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
