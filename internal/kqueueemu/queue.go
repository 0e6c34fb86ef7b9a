//go:build linux

package kqueueemu

import (
	"bytes"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// inner is the largest number of inner epolls of a queue. A descriptor has up to four filters, and
// the queue's own epoll holds one of them.
const inner = 3

// Queue is an emulated kqueue. The caller owns its epoll and passes it to each call.
type Queue struct {
	mu            sync.Mutex
	registrations map[key]*registration
	slots         []slot
	free          []int32         // unused slots
	spare         []*registration // unused registrations of descriptors
	own           fdSet           // descriptors that the queue has opened
	number        int32           // unique in the process
	fds           map[int]bool    // descriptors of the epoll that have not been released
	dead          atomic.Bool     // all descriptors of the epoll were released
	closing       int             // calls of Wake that Release has not undone
	fragile       atomic.Bool     // it has had a fragile registration
	taking        atomic.Int32    // waiters that take events without the lock
	// An eventfd that is readable while registrations are pending or closing is not zero.
	wakeFD int
	// Epolls inside the queue's, for more filters of a descriptor. -1 until needed.
	inner      [inner]int
	inotify    int // -1 until needed
	watches    map[int32]*watch
	moved      move
	links      links
	mounts     mounts
	forks      forks
	pending    list
	woken      bool          // wakeFD is readable
	failure    syscall.Errno // why a pending registration has not been reported
	unreported uint64        // the source of an epoll event that was not an event of the queue
	buffer     []byte        // for messages of the kernel
}

type key struct {
	ident  uint64
	filter int16
}

// slot maps the event of an epoll to its registration. The generation distinguishes the
// registration from earlier ones in the slot.
type slot struct {
	registration *registration
	generation   int32
}

// The slots of the epoll's own entries.
const (
	wakeSlot    = -1
	inotifySlot = -2
	linkSlot    = -3
	mountSlot   = -4
	forkSlot    = -5
	innerSlot   = -10 // and below, one for each inner epoll
)

// queues holds all queues of the process by number.
var queues = struct {
	sync.Mutex
	last int32
	all  map[int32]*Queue
}{all: make(map[int32]*Queue)}

// New returns a queue, and the epoll that is its descriptor. After a failure it returns the name of
// the failed call.
func New() (q *Queue, fd int, call string, err error) {
	fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, -1, "epoll_create1", err
	}
	wakeFD, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, -1, "eventfd", err
	}
	q = &Queue{registrations: make(map[key]*registration), fds: map[int]bool{fd: true}, wakeFD: wakeFD, inotify: -1}
	q.own.add(wakeFD)
	q.links.fd, q.mounts.fd, q.forks.fd = -1, -1, -1
	for i := range q.inner {
		q.inner[i] = -1
	}
	queues.Lock()
	defer queues.Unlock()
	queues.last++
	q.number = queues.last
	// Find recognizes the epoll by the number.
	if errno := epollCtl(fd, unix.EPOLL_CTL_ADD, wakeFD, unix.EPOLLIN, wakeSlot, q.number); errno != 0 {
		_, _ = unix.Close(fd), unix.Close(wakeFD)
		return nil, -1, "epoll_ctl", errno
	}
	queues.all[q.number] = q
	return q, fd, "", nil
}

// Find returns the queue whose epoll is fd or has fd as a duplicate. The caller must release fd
// with Release. For all other descriptors the errno is EBADF, or ErrNoProc if /proc is not mounted.
func Find(fd int) (*Queue, syscall.Errno) {
	info, err := sys.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err == unix.ENOENT && sys.IsOpen(fd) {
		return nil, ErrNoProc
	}
	queues.Lock()
	defer queues.Unlock()
	for _, q := range queues.all {
		if q.isIn(info) {
			q.mu.Lock()
			q.fds[fd] = true
			q.mu.Unlock()
			return q, 0
		}
	}
	return nil, unix.EBADF
}

// isIn reports whether info describes the queue's epoll. An epoll lists its entries as "tfd: 5
// events: 19 data: 1ffffffff pos:0 ino:40f sdev:9".
func (q *Queue) isIn(info []byte) bool {
	data := *(*uint64)(unsafe.Pointer(&[2]int32{wakeSlot, q.number}))
	for line := range bytes.Lines(info) {
		words := bytes.Fields(line)
		if len(words) > 5 && string(words[0]) == "tfd:" && string(words[1]) == strconv.Itoa(q.wakeFD) &&
			string(words[5]) == strconv.FormatUint(data, 16) {
			return true
		}
	}
	return false
}

// Wake makes all waiters return, until Release is called.
func (q *Queue) Wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing++
	q.wake()
}

// Release releases one of the queue's descriptors, which the caller then closes. It undoes an
// earlier Wake if woken is true. The release of the last descriptor closes the queue's own
// descriptors.
func (q *Queue) Release(fd int, woken bool) {
	queues.Lock()
	defer queues.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if woken {
		q.closing--
	}
	delete(q.fds, fd)
	if len(q.fds) > 0 {
		q.clear()
		return
	}
	q.dead.Store(true)
	delete(queues.all, q.number)
	for _, r := range q.registrations {
		_ = r.source.detach(q, -1, r) // the descriptor may be closed already
	}
	for fd := range q.own.all() {
		_ = unix.Close(fd)
	}
	q.registrations, q.slots, q.spare, q.own = nil, nil, nil, nil
	q.wakeFD, q.inotify, q.links.fd, q.mounts.fd, q.forks.fd = -1, -1, -1, -1, -1
}

// messages returns the buffer for messages of the kernel.
func (q *Queue) messages() []byte {
	if q.buffer == nil {
		q.buffer = make([]byte, 16<<10)
	}
	return q.buffer
}

// adopt records a new descriptor as one of the queue's own.
func (q *Queue) adopt(fd int, err error) (int, syscall.Errno) {
	if err != nil {
		return -1, err.(syscall.Errno)
	}
	q.own.add(fd)
	return fd, 0
}

// discard closes one of the queue's own descriptors. It has no duplicates, so the kernel removes it
// from the epoll.
func (q *Queue) discard(fd int) {
	q.own.remove(fd)
	_ = unix.Close(fd)
}

// wake makes wakeFD readable.
func (q *Queue) wake() {
	if !q.woken {
		q.announce()
	}
}

// announce makes wakeFD readable. Another queue that watches this one with EvClear reports it even
// if it is readable already.
func (q *Queue) announce() {
	if q.dead.Load() {
		return
	}
	one := uint64(1)
	sysWrite(q.wakeFD, (*[8]byte)(unsafe.Pointer(&one)))
	q.woken = true
}

// clear makes wakeFD unreadable if no registration is pending and no waiter must return. If that
// fails, the next call retries. Otherwise every wait would find it readable.
func (q *Queue) clear() {
	if q.woken && q.pending.first == nil && q.closing == 0 {
		var count [8]byte
		q.woken = !sysRead(q.wakeFD, &count)
	}
}

// activate makes the registration pending, unless it is disabled.
func (q *Queue) activate(r *registration) {
	if r.disabled || r.queued {
		return
	}
	q.pending.push(r)
	q.announce()
}

// reactivate makes a reported registration pending again, unless it has EvClear.
func (q *Queue) reactivate(r *registration) syscall.Errno {
	if r.flags&kevent.Clear == 0 && !r.disabled && !r.queued {
		q.pending.push(r)
		q.wake()
	}
	return 0
}

// deactivate undoes activate.
func (q *Queue) deactivate(r *registration) {
	if r.queued {
		q.pending.remove(r)
		q.clear()
	}
}

// epollCtl changes the entry of fd in an epoll. Its events have the slot in Fd and the generation
// in Pad.
func epollCtl(epoll, op, fd int, events uint32, slot, generation int32) syscall.Errno {
	if _, errno := sys.ToInt32(fd); errno != 0 {
		return errno
	}
	event := sys.NewEpollEvent(events, *(*uint64)(unsafe.Pointer(&[2]int32{slot, generation})))
	return sys.EpollCtl(epoll, op, fd, &event)
}

// sysWrite and sysRead transfer the eight bytes of an eventfd or a timerfd, neither of which
// blocks.
func sysWrite(fd int, p *[8]byte) { _ = transfer(unix.SYS_WRITE, fd, p) }

func sysRead(fd int, p *[8]byte) (ok bool) { return transfer(unix.SYS_READ, fd, p) }

// transfer repeats the call after an interruption, because a lost wake-up is not repeated.
func transfer(call uintptr, fd int, p *[8]byte) (ok bool) {
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(p)), 8)
		if errno != unix.EINTR {
			return n == 8 && errno == 0
		}
	}
}
