//go:build linux

package iomux

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"iomux/epoll"
	"iomux/internal/fdref"
	"iomux/internal/netpark"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// epollBackend is epoll(7). A goroutine sleeps parked in the Go scheduler, by means of a duplicate of the epoll's descriptor
// that the Go runtime polls, or else blocked in the kernel:
//
//   - where the time is shorter than the scheduler's clock is precise;
//   - where a source is watched for Priority: the runtime, when it polls the epoll, would take such an event away, since with
//     some files to look is to consume (/proc/self/mountinfo, pressure stalls). So it does not get to see the epoll then;
//   - where the Poller was made WithBlocking.
//
// It makes the system calls itself, rather than through an epoll.Poller: under the Poller's lock nobody can close the descriptor,
// so calls that cannot block need not say that they use it.
type epollBackend struct {
	blocking bool
	fd       int // the number of kernel, for who holds the Poller's lock
	kernel   atomic.Pointer[fdref.Descriptor]
	state    atomic.Int32 // of the one who sleeps: awake, parked or blocked
	place    atomic.Pointer[netpark.Parker]
	bell     atomic.Pointer[waker.Waker] // made for the first one who blocks
	bellFD   atomic.Int32                // its number, -1 for none
	sleeper  sleeper

	mu         sync.Mutex // over the making and unmaking of kernel, place and bell
	priorities int        // how many sources are watched for Priority
	noPlace    bool       // the system refuses one
	closed     bool
}

// sleeper is what the goroutine that sleeps parked has brought along.
type sleeper struct {
	fd    int // of the epoll
	all   *batch
	left  time.Duration
	ready func() bool
	place *netpark.Parker
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
	b := &epollBackend{blocking: blocking}
	kernel, err := newEpoll()
	if err != nil {
		return nil, err
	}
	b.use(kernel)
	b.sleeper.check = b.check
	b.bellFD.Store(-1)
	return b, nil
}

func newEpoll() (*fdref.Descriptor, error) {
	fd, err := sys.EpollCreate()
	if err != nil {
		return nil, err
	}
	kernel := new(fdref.Descriptor)
	kernel.Set(fd, func(fd int) error { return os.NewSyscallError("close", syscall.Close(fd)) })
	return kernel, nil
}

func (b *epollBackend) use(kernel *fdref.Descriptor) {
	b.fd = kernel.FD()
	b.kernel.Store(kernel)
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
	errno := control(b.fd, sys.EpollAdd, fd, interest, tag)
	if (errno == syscall.EINVAL || errno == syscall.ELOOP) && b.stopParking() {
		errno = control(b.fd, sys.EpollAdd, fd, interest, tag)
	}
	if errno != 0 {
		return errors.Join(sys.EpollError(fd, errno), b.countPriority(interest, 0))
	}
	return nil
}

// control is epoll_ctl(2).
func control(epfd, op, fd int, interest Interest, tag uint32) syscall.Errno {
	event := epoll.Event{Events: epoll.Events(interest), FD: int32(fd), Tag: tag}
	return sys.EpollCtl(epfd, op, int32(fd), unsafe.Pointer(&event))
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
	if errno := control(b.fd, sys.EpollModify, fd, interest, tag); errno != 0 {
		return errors.Join(sys.EpollError(fd, errno), b.countPriority(interest, before))
	}
	return nil
}

func (b *epollBackend) remove(fd int, interest Interest) error {
	b.forget(fd, interest)
	if b.isBell(fd) {
		return errNotOpen(fd)
	}
	if errno := control(b.fd, sys.EpollRemove, fd, 0, 0); errno != 0 {
		return sys.EpollError(fd, errno)
	}
	return nil
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
	return b.priorityChanged(before)
}

func (b *epollBackend) priorityChanged(before Interest) error {
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

func (b *epollBackend) look(all *batch) error {
	return all.take(sys.EpollLook(b.fd, all.first(), all.room))
}

// first is where the kernel puts the events.
func (b *batch) first() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b.events)) }

// take notes what epoll_wait(2) has returned. A signal that interrupts it is as if the time were over.
func (b *batch) take(n int, errno syscall.Errno) error {
	if b.n = n; errno == 0 {
		return nil
	}
	b.n = 0
	if errno == syscall.EINTR {
		return nil
	}
	return os.NewSyscallError("epoll_wait", errno)
}

func (b *epollBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	all.n, all.atOnce = 0, false
	if !b.blocking && (left < 0 || left >= precise) {
		if place := b.parkingPlace(); place != nil {
			return b.park(place, all, left, ready)
		}
	}
	return b.block(all, left, ready)
}

// parkingPlace is nil where it must not be used, or the system has no descriptor left for it.
func (b *epollBackend) parkingPlace() *netpark.Parker {
	if place := b.place.Load(); place != nil {
		return place
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.priorities != 0 || b.noPlace || b.closed {
		return nil
	}
	place, err := netpark.New(b.kernel.Load().FD())
	if err != nil {
		b.noPlace = true // the sleeps block, then
		return nil
	}
	b.place.Store(place)
	return place
}

func (b *epollBackend) park(place *netpark.Parker, all *batch, left time.Duration, ready func() bool) error {
	kernel := b.kernel.Load()
	fd, err := kernel.Acquire()
	if err != nil {
		return nil // replaced, or the Poller is closed
	}
	defer kernel.Done()
	s := &b.sleeper
	s.fd, s.all, s.left, s.ready, s.place, s.err, s.again = fd, all, left, ready, place, nil, false
	b.state.Store(parked)
	err = place.Park(s.check)
	b.state.Store(awake)
	s.all, s.ready = nil, nil
	if s.err != nil {
		err = s.err
	}
	if place != b.place.Load() {
		return nil // what was slept on was closed, to make room for something new
	}
	return err
}

// check is called when the parking place may have become readable, and once before. It looks first, and reports whether to
// stay awake.
func (b *epollBackend) check(uintptr) bool {
	s := &b.sleeper
	if s.err = s.all.take(sys.EpollLook(s.fd, s.all.first(), s.all.room)); s.err != nil {
		return true
	}
	if s.all.n > 0 {
		s.all.atOnce = !s.again
		b.quiet(s.all)
		return true
	}
	if s.again {
		return false
	}
	s.again = true
	if s.left >= 0 {
		if s.err = s.place.Deadline(s.left); s.err != nil {
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
	kernel, ring := b.kernel.Load(), b.bell.Load()
	epfd, err := kernel.Acquire()
	if err != nil {
		return nil // replaced, or the Poller is closed
	}
	defer kernel.Done()
	// A bell that were closed while it rings would not be heard.
	if _, err := ring.Acquire(); err != nil {
		return nil
	}
	defer ring.Done()
	if !ready() {
		return nil
	}
	err = all.take(sys.EpollWait(epfd, all.first(), all.room, left))
	b.quiet(all)
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
	ring, err := waker.New()
	if err != nil {
		return err
	}
	fd, err := ring.Acquire()
	if err != nil {
		return err
	}
	defer ring.Done()
	b.bellFD.Store(int32(fd))
	if errno := control(b.kernel.Load().FD(), sys.EpollAdd, fd, Readable, bellTag); errno != 0 {
		b.bellFD.Store(-1)
		return errors.Join(sys.EpollError(fd, errno), ring.Close())
	}
	b.bell.Store(ring)
	return nil
}

// quiet silences the bell if it was heard.
func (b *epollBackend) quiet(all *batch) {
	for _, event := range all.events[:all.n] {
		if event.Tag == bellTag {
			b.bell.Load().Clear()
		}
	}
}

func (b *epollBackend) wake() {
	switch b.state.Load() {
	case parked:
		// Where the place was unmade meanwhile, that has woken the sleeper.
		if place := b.place.Load(); place != nil {
			place.Unpark()
		}
	case blocked:
		b.bell.Load().Wake()
	}
}

func (b *epollBackend) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.fd = -1
	err := errors.Join(b.kernel.Load().Close(nobody), b.unmakePlace())
	if ring := b.bell.Load(); ring != nil {
		err = errors.Join(err, ring.Close()) // which wakes who is blocked
	}
	return err
}

// nobody is woken when an epoll is closed: bell and place do that.
func nobody(int) {}
