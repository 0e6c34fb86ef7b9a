package backend

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/netpark"
	"iomux/internal/sys"
)

// findParker returns the parker, and opens it if necessary. It returns nil if parking is forbidden,
// or if no descriptor could be opened for it. Unfinished is set if more descriptors must be
// inspected first.
func (b *epollBackend) findParker(owner Owner) (parker *netpark.Parker, unfinished bool) {
	if parker := b.parker.Load(); parker != nil {
		return parker, false
	}
	if b.forbidden.Load() != 0 || time.Now().Before(b.retry) {
		return nil, false
	}
	// From now on Add inspects each descriptor. The earlier ones are inspected here.
	b.inspecting.Store(true)
	if b.uninspected >= 0 {
		b.uninspected = owner.Inspect(b.uninspected, forbidsParking, b.forbid)
	}
	if b.uninspected >= 0 {
		return nil, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// Check with the lock held: an Add that forbids parking closes the parker afterwards, with
	// the lock held as well.
	if b.closed || b.forbidden.Load() != 0 {
		return nil, false
	}
	parker, err := netpark.New(b.kernel.Load().FD())
	if err != nil {
		b.retry = time.Now().Add(retryParking)
		return nil, false
	}
	b.parker.Store(parker)
	return parker, false
}

// stopParking closes the parker, and reports whether there was one.
func (b *epollBackend) stopParking() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.parker.Load() != nil
	return b.closeParker() == nil && was
}

// closeParker closes the parker, which wakes the parked goroutine. The caller holds b.mu.
func (b *epollBackend) closeParker() error {
	if parker := b.parker.Swap(nil); parker != nil {
		return parker.Close()
	}
	return nil
}

// saturated is the number of successful Looks in a row after which the parker is closed. Opening a
// new one takes as long as about 20 events.
const saturated = 1024

// closeUnusedParker closes the parker of a saturated loop, which does not park. A parker nests the
// epoll in the runtime's, so the kernel would report each event to both.
func (b *epollBackend) closeUnusedParker() {
	b.foundInRow = 0
	if b.parker.Load() != nil && !b.parked.asleep.Load() {
		b.stopParking()
	}
}

func (b *epollBackend) park(parker *netpark.Parker, batch *Batch, timeout time.Duration, owner Owner) error {
	k := b.kernel.Load()
	fd, err := k.Acquire()
	if err != nil {
		return nil // it was replaced, or the Poller is closed
	}
	defer k.Done()
	s := &b.parked
	s.fd, s.batch, s.left, s.owner, s.parker, s.err, s.again = fd, batch, timeout, owner, parker, nil, false
	s.asleep.Store(true)
	err = parker.Park(s.look)
	s.asleep.Store(false)
	s.batch, s.owner = nil, nil
	if s.err != nil {
		err = s.err
	}
	if parker != b.parker.Load() {
		return nil // it was closed, because a new descriptor forbids parking
	}
	return err
}

// lookBeforeParking takes ready events and reports whether the goroutine stays awake. The parker
// calls it once before it parks, and again whenever the epoll may have become readable.
func (b *epollBackend) lookBeforeParking(uintptr) bool {
	s := &b.parked
	n, errno := sys.EpollLook(s.fd, s.batch.memory(), s.batch.Room)
	if s.err = s.batch.take(s.fd, n, errno); s.err != nil {
		return true
	}
	if s.batch.N > 0 {
		s.batch.Busy = !s.again
		s.err = b.dropWakeUp(s.batch, true)
		return true
	}
	if s.again {
		return false
	}
	s.again = true
	if s.left >= 0 {
		if s.err = s.parker.Deadline(s.left); s.err != nil {
			return true
		}
	}
	return !s.owner.MaySleep()
}

// forbidsParking reports whether polling the file may consume its readiness.
//
// The epoll of a parked goroutine is polled twice: by the runtime's netpoller, which only checks
// whether anything is ready, and then by the backend. Some drivers clear the readiness when they
// report it: perf_event, pressure stalls, mountinfo, sysctls. The second poll would find nothing.
// An epoll may hold such a file. So only kinds of files that are known to keep their readiness
// allow parking.
func forbidsParking(fd int) bool {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return false // epoll_ctl(2) will refuse it
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFSOCK, unix.S_IFIFO:
		return false
	case unix.S_IFCHR:
		return !isTerminal(unix.Major(uint64(stat.Rdev)))
	}
	var name [64]byte
	n, err := unix.Readlink(procPath(fd), name[:])
	return err != nil || !keepsReadiness(string(name[:n]))
}

// isTerminal reports whether a major number of devices.txt belongs to terminals or serial lines.
func isTerminal(major uint32) bool {
	switch {
	case major == 4, major == 5: // consoles, /dev/tty, ttyS
		return true
	case major >= 136 && major <= 143: // pseudo-terminals
		return true
	case major == 166, major == 188, major == 204: // ttyACM, ttyUSB, other serial lines
		return true
	}
	return false
}

// keepsReadiness reports whether polling a file without a path has no side effects.
func keepsReadiness(link string) bool {
	kind, found := strings.CutPrefix(link, "anon_inode:")
	switch {
	case !found:
		return strings.HasPrefix(link, "pidfd:")
	case kind == "inotify", kind == "[eventfd]", kind == "[timerfd]", kind == "[signalfd]", kind == "[pidfd]",
		kind == "[fanotify]", kind == "[userfaultfd]", kind == "[io_uring]":
		return true
	}
	return strings.HasPrefix(kind, "kvm-")
}

func procPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
