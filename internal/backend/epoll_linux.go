package backend

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"iomux/internal/fdref"
	"iomux/internal/netpark"
	"iomux/internal/sys"
	"iomux/internal/waker"
)

// epollBackend is epoll(7). A goroutine sleeps in one of two ways:
//
//   - parked in the Go scheduler. The runtime's netpoller watches a duplicate of the epoll
//     descriptor. This needs no thread, but timeouts expire up to a millisecond late.
//   - blocked in the kernel, on a thread: for short waits, for a Poller made WithBlocking, while
//     a registered descriptor forbids parking (see forbidsParking), and when the system refuses
//     a duplicate.
//
// The backend makes its system calls directly instead of through an epoll.Poller. Calls that cannot
// block need no reference count: the descriptor stays open during them, because Renew and Close do
// not run beside Add, Modify, Remove and Look.
type epollBackend struct {
	blocking bool
	fd       int // the descriptor of kernel; changed only in Renew and Close
	kernel   atomic.Pointer[kernel]
	waker    wakeDescriptor
	sleeper  sleeper // wakes a blocked sleep; the parker wakes a parked one
	parked   parked

	// foundInRow is the number of successful Looks since the last one that found nothing. The
	// Poller's lock guards it.
	foundInRow int
	forbidden  atomic.Int32 // len(unparkable)
	inspecting atomic.Bool  // Add checks whether a descriptor forbids parking
	// uninspected is the first descriptor that was registered before inspecting was set and is
	// not inspected yet. It is -1 if there is none. Only the sleeping goroutine uses it.
	uninspected int

	mu         sync.Mutex         // held while kernel and parker are opened or closed
	unparkable map[int32]struct{} // registered descriptors that forbid parking
	parker     atomic.Pointer[netpark.Parker]
	retry      time.Time // no other parker is opened before this time
	closed     bool
}

// parked is the state of the goroutine that sleeps parked.
type parked struct {
	asleep atomic.Bool
	look   func(uintptr) bool // epollBackend.lookBeforeParking, made once
	fd     int
	batch  *Batch
	left   time.Duration
	owner  Owner
	parker *netpark.Parker
	err    error
	again  bool // look was already called
}

// precise is the timeout below which a sleep blocks, because a parked sleep ends late.
const precise = 2 * time.Millisecond

// retryParking is how long the backend waits before it tries to park again, after it could not open
// a descriptor for it.
const retryParking = time.Second

// NewEpoll returns the backend of epoll(7). If blocking is set, sleeps never park.
func NewEpoll(blocking bool) (Backend, error) {
	b := &epollBackend{blocking: blocking, unparkable: make(map[int32]struct{})}
	w, err := newWakeDescriptor()
	if err != nil {
		return nil, err
	}
	b.waker, b.sleeper.signal = w, w
	b.parked.look = b.lookBeforeParking
	k, err := b.newKernel()
	if err != nil {
		_ = w.Close() // the first error matters more
		return nil, err
	}
	b.use(k)
	return b, nil
}

// kernel is an epoll that holds the waker.
type kernel struct {
	fdref.Descriptor
	spare *waker.Waker // wakes the sleeping goroutine if the program has closed the waker
}

// newKernel returns a new epoll.
func (b *epollBackend) newKernel() (*kernel, error) {
	fd, err := sys.EpollCreate()
	if err != nil {
		return nil, err
	}
	k := new(kernel)
	k.Set(fd, k.release)
	if errno := control(fd, sys.EpollAdd, b.waker.fd, Readable, wakerTag); errno != 0 {
		_ = k.Close(func(int) {}) // the first error matters more
		return nil, epollFailure(errno)
	}
	return k, nil
}

func (k *kernel) release(fd int) error {
	err := os.NewSyscallError("close", syscall.Close(fd))
	if k.spare != nil {
		err = first(err, k.spare.Close())
	}
	return err
}

// closeKernel closes k and wakes the goroutine that is blocked on it. If the program has closed the
// waker, a spare one wakes it. The parker wakes a parked goroutine.
func (b *epollBackend) closeKernel(k *kernel) error {
	return k.Close(func(epfd int) {
		if control(epfd, sys.EpollModify, b.waker.fd, Readable, wakerTag) == 0 && b.waker.Wake() == nil {
			return
		}
		spare, err := newWakeDescriptor()
		if err != nil {
			return // the goroutine stays blocked
		}
		k.spare = spare.Waker
		_ = spare.Wake() // a new eventfd accepts a write
		_ = control(epfd, sys.EpollAdd, spare.fd, Readable, wakerTag)
	})
}

func (b *epollBackend) use(k *kernel) {
	b.fd = k.FD()
	b.kernel.Store(k)
}

func (*epollBackend) Traits() Traits {
	return Traits{Parallel: true, Exact: true, Live: true, OneShot: true}
}

func (*epollBackend) Supports(interest Interest) bool { return interest&^(Conditions|Modes) == 0 }

// control wraps epoll_ctl(2). Frequent calls use sys.EpollCtl, which is inlined.
func control(epfd, op, fd int, interest Interest, tag uint32) syscall.Errno {
	event := eventOf(fd, interest, tag)
	return sys.EpollCtl(epfd, op, fd, &event)
}

func eventOf(fd int, interest Interest, tag uint32) sys.EpollEvent {
	return sys.NewEpollEvent(uint32(interest), sys.EpollData(int32(fd), tag))
}

// owns reports whether fd is one of this backend's descriptors. The caller's file with that number
// was closed.
func (b *epollBackend) owns(fd int) bool { return fd == b.waker.fd || fd == b.fd }

func (b *epollBackend) Add(fd int, interest Interest, tag uint32) error {
	if b.owns(fd) {
		return errOwn
	}
	if b.inspecting.Load() && forbidsParking(fd) {
		b.forbid(fd)
		b.stopParking()
	}
	event := eventOf(fd, interest, tag)
	errno := sys.EpollCtl(b.fd, sys.EpollAdd, fd, &event)
	if errno == syscall.EINVAL || errno == syscall.ELOOP {
		// A parker nests the epoll in the runtime's. Linux then allows one level of nesting
		// less, and at most 500 duplicates of a file. Another Add may have closed it.
		b.forbid(fd)
		b.stopParking()
		errno = sys.EpollCtl(b.fd, sys.EpollAdd, fd, &event)
	}
	if errno != 0 {
		if errno != syscall.EEXIST {
			b.permit(fd)
		}
		if errno == syscall.EBADF {
			return notOpen(fd)
		}
		return epollFailure(errno)
	}
	return nil
}

// forbid prevents parking while fd is registered.
func (b *epollBackend) forbid(fd int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unparkable[int32(fd)] = struct{}{}
	b.forbidden.Store(int32(len(b.unparkable)))
}

func (b *epollBackend) permit(fd int) {
	if b.forbidden.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.unparkable, int32(fd))
	b.forbidden.Store(int32(len(b.unparkable)))
}

func (b *epollBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	if b.owns(fd) {
		return errOwn
	}
	event := eventOf(fd, interest, tag)
	if errno := sys.EpollCtl(b.fd, sys.EpollModify, fd, &event); errno != 0 {
		return epollFailure(errno)
	}
	return nil
}

func (b *epollBackend) Remove(fd int, _ Interest) (removed bool) {
	b.permit(fd)
	return !b.owns(fd) && sys.EpollCtl(b.fd, sys.EpollRemove, fd, nil) == 0
}

func (b *epollBackend) Forget(fd int, _ Interest) { b.permit(fd) }

func (b *epollBackend) Look(batch *Batch) error {
	n, errno := sys.EpollLook(b.fd, batch.memory(), batch.Room)
	err := batch.take(b.fd, n, errno)
	if err == nil && b.waker.Pending() {
		err = b.dropWakeUp(batch, false)
	}
	if batch.N == 0 {
		b.foundInRow = 0
	} else if b.foundInRow++; b.foundInRow >= saturated {
		b.closeUnusedParker()
	}
	return err
}

// memory returns the memory to which the kernel writes events.
func (b *Batch) memory() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b.Events)) }

// take stores the result of EpollLook or EpollWait. After a failure it looks once more. An
// interruption by a signal counts as a timeout.
func (b *Batch) take(epfd, n int, errno syscall.Errno) error {
	b.Hidden = false
	if errno != 0 {
		n, errno = sys.EpollWait(epfd, b.memory(), b.Room, 0)
	}
	if b.N = n; errno == 0 {
		return nil
	}
	b.N = 0
	if errno == syscall.EINTR {
		return nil
	}
	return os.NewSyscallError("epoll_wait", errno)
}

// dropWakeUp removes the waker's event from the batch, if there is one, and handles it.
func (b *epollBackend) dropWakeUp(batch *Batch, sleeping bool) error {
	for i, event := range batch.Events[:batch.N] {
		if event.Tag == wakerTag {
			batch.Hidden = batch.N == batch.Room
			batch.N--
			batch.Events[i] = batch.Events[batch.N]
			return b.sleeper.noticed(sleeping)
		}
	}
	return nil
}

func (b *epollBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N, batch.Busy = 0, false
	if !b.blocking && (timeout < 0 || timeout >= precise) {
		parker, unfinished := b.findParker(owner)
		if parker != nil {
			return b.park(parker, batch, timeout, owner)
		}
		if unfinished { // a ready descriptor does not wait for the inspection
			err := b.block(batch, 0, owner)
			batch.Busy = batch.N > 0
			return err
		}
	}
	return b.block(batch, timeout, owner)
}

func (b *epollBackend) block(batch *Batch, timeout time.Duration, owner Owner) error {
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	// Renew wakes a goroutine that has acquired the old epoll, so this is the current one.
	k := b.kernel.Load()
	epfd, err := k.Acquire()
	if err != nil {
		return nil // it was replaced, or the Poller is closed
	}
	defer k.Done()
	// Keep the waker open: a closed one would not end the wait.
	if _, err := b.waker.Acquire(); err != nil {
		return nil
	}
	defer b.waker.Done()
	n, errno := sys.EpollWait(epfd, batch.memory(), batch.Room, timeout)
	err = batch.take(epfd, n, errno)
	return first(err, b.dropWakeUp(batch, true))
}

func (b *epollBackend) Wake() {
	if b.parked.asleep.Load() {
		// A parker that was closed in the meantime has already woken its goroutine.
		if parker := b.parker.Load(); parker != nil {
			parker.Unpark()
		}
	}
	b.sleeper.wake()
}

func (b *epollBackend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.fd = -1
	return first(b.closeKernel(b.kernel.Load()), b.closeParker(), b.waker.Close())
}

// epollFailure explains an errno of epoll_ctl(2).
func epollFailure(errno syscall.Errno) error {
	if errno == syscall.EINVAL {
		return errTooMany
	}
	if err := explain(errno); err != errno {
		return err
	}
	return os.NewSyscallError("epoll_ctl", errno)
}

// EpollLimits returns the number of descriptors that all epolls of the user can hold, or 0 if it is
// unknown, and the finest timeout.
func EpollLimits() (watches uint64, resolution time.Duration) {
	return sys.MaxWatches(), sys.EpollResolution()
}
