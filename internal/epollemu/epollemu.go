//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/fdtable"
	"iomux/internal/freelist"
	"iomux/internal/sys"
	"iomux/kqueue"
)

// Epoll is an emulated epoll. It is safe for concurrent use.
type Epoll struct {
	queue *kqueue.Queue
	*set
}

// set is the part that all Epolls of one kqueue share.
type set struct {
	mark      mark
	kevents   freelist.Slices[kqueue.Event]
	inspected freelist.Slices[Event] // room for inspect
	children  map[int32]*set         // the registered epolls; the registry's lock guards it
	nests     atomic.Bool            // an Epoll was registered
	begun     atomic.Uint64          // counts the calls that take events
	ended     atomic.Uint64

	mu         sync.Mutex // never held during a wait
	entries    fdtable.Table[entry]
	generation uint32
	changes    [2 * filters]kqueue.Event
	receipts   [2 * filters]kqueue.Event
	round      uint64 // counts the lists of events
	found      []*entry
	pollFDs    []sys.PollFD
}

// New returns an Epoll of a new kqueue. Its errors are those of kqueue.New.
func New() (*Epoll, error) {
	queue, err := kqueue.New()
	if err != nil {
		return nil, err
	}
	e := &Epoll{queue: queue, set: &set{children: make(map[int32]*set)}}
	if err := e.set.mark.put(queue); err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	addToRegistry(queue.FD(), e)
	_, _ = urgentExists.Get(func() (bool, error) { return acceptsUrgent(queue), nil })
	return e, nil
}

// FromFD returns an Epoll for a duplicate of another one's descriptor, which Close closes. The two
// share their registrations. It returns EBADF if fd is not open, and EINVAL if it is not an Epoll.
func FromFD(fd int) (*Epoll, error) {
	if !sys.IsOpen(fd) {
		return nil, unix.EBADF
	}
	shared, err := identify(fd)
	if err != nil {
		return nil, err
	}
	queue, err := kqueue.FromFD(fd)
	if err != nil {
		return nil, err
	}
	e := &Epoll{queue: queue, set: shared}
	addToRegistry(fd, e)
	return e, nil
}

// identify returns the set of the kqueue that fd refers to. It uses a duplicate of fd, which it
// closes.
func identify(fd int) (*set, error) {
	duplicate, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	queue, err := kqueue.FromFD(duplicate)
	if err != nil {
		_ = unix.Close(duplicate)
		if errors.Is(err, unix.EBADF) { // not a kqueue
			err = unix.EINVAL
		}
		return nil, err
	}
	shared := marked(queue)
	if err := queue.Close(); err != nil {
		return nil, err
	}
	if shared == nil {
		return nil, unix.EINVAL
	}
	return shared, nil
}

// FD returns the descriptor of the kqueue, or -1 after Close. It is readable while an event is
// pending, and also after an event has ceased until the next Take.
func (e *Epoll) FD() int { return e.queue.FD() }

// Close closes the kqueue's descriptor. Goroutines in Take return os.ErrClosed.
func (e *Epoll) Close() error {
	removeFromRegistry(e.queue.FD(), e)
	return e.queue.Close()
}

// submit makes changes that have EvReceipt, and returns a receipt for each of them, whose Data is
// the errno. The caller holds the lock.
func (e *Epoll) submit(changes []kqueue.Event) ([]kqueue.Event, error) {
	n, err := e.queue.Control(changes, e.receipts[:len(changes)], 0)
	if err == nil && n < len(changes) {
		err = syscall.EIO
	}
	return e.receipts[:n], err
}
