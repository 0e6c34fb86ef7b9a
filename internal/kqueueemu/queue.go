//go:build linux

package kqueueemu

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// Queue is what is registered in a queue. Its epoll belongs to the caller, who hands its descriptor to each call.
type Queue struct {
	mu      sync.Mutex
	notes   map[key]*note
	slots   []slot
	free    []int32      // slots that are not in use
	spare   []*note      // of descriptors, that are not in use
	own     map[int]bool // descriptors that the queue has made, and not the user
	number  int32        // tells the queue from all others of the process
	numbers map[int]bool // the descriptors that Release has not been called for
	dead    atomic.Bool  // there is none left
	closing int          // the rings that Release has not been called for
	bell    int          // an eventfd that is readable while pending is not empty, or closing not zero
	second  int          // an epoll inside the queue's, for descriptors that the queue's holds already; -1 until needed
	inotify int          // -1 until needed
	watches map[int32]*watch
	pending list
	ringing bool   // the bell is readable
	buffer  []byte // for what inotify tells
}

type key struct {
	ident  uint64
	filter int16
}

// slot is where an epoll's event finds its note. The generation tells a note from those that had the slot before.
type slot struct {
	note       *note
	generation int32
}

// The epoll's own entries have these slots.
const (
	bellSlot    = -1
	secondSlot  = -2
	inotifySlot = -3
)

// queues are all queues of the process, by their numbers.
var queues = struct {
	sync.Mutex
	last int32
	all  map[int32]*Queue
}{all: make(map[int32]*Queue)}

// New makes a queue and the epoll that is its descriptor. The call that failed is named.
func New() (q *Queue, fd int, call string, err error) {
	fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, -1, "epoll_create1", err
	}
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, -1, "eventfd", err
	}
	q = &Queue{notes: make(map[key]*note), numbers: map[int]bool{fd: true}, own: map[int]bool{bell: true}, bell: bell, second: -1, inotify: -1}
	queues.Lock()
	defer queues.Unlock()
	queues.last++
	q.number = queues.last
	// The number tells Find whose epoll it has before it.
	if errno := epollCtl(fd, unix.EPOLL_CTL_ADD, bell, unix.EPOLLIN, bellSlot, q.number); errno != 0 {
		_, _ = unix.Close(fd), unix.Close(bell)
		return nil, -1, "epoll_ctl", errno
	}
	queues.all[q.number] = q
	return q, fd, "", nil
}

// Find is the queue whose epoll fd is, be it under another number than before. It makes fd one of the queue's, for which
// Release has to be called. It is nil for all other descriptors.
func Find(fd int) *Queue {
	info, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return nil
	}
	queues.Lock()
	defer queues.Unlock()
	for _, q := range queues.all {
		// An epoll lists what it holds as "tfd: 5 events: 19 data: 1ffffffff pos:0 ino:40f sdev:9".
		data := *(*uint64)(unsafe.Pointer(&[2]int32{bellSlot, q.number}))
		for line := range bytes.Lines(info) {
			words := bytes.Fields(line)
			if len(words) > 5 && string(words[0]) == "tfd:" && string(words[1]) == strconv.Itoa(q.bell) &&
				string(words[5]) == strconv.FormatUint(data, 16) {
				q.mu.Lock()
				q.numbers[fd] = true
				q.mu.Unlock()
				return q
			}
		}
	}
	return nil
}

// Ring wakes all that wait, until Release is called.
func (q *Queue) Ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing++
	q.ringBell()
}

// Release gives up one of the queue's descriptors, which was rung for or not, and reports whether it is to be closed: it is not
// if it was released before, by another user of the same number. The last one closes all that the queue holds.
func (q *Queue) Release(fd int, rung bool) bool {
	queues.Lock()
	defer queues.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if rung {
		q.closing--
	}
	if !q.numbers[fd] {
		return false
	}
	delete(q.numbers, fd)
	if len(q.numbers) > 0 {
		q.silence()
		return true
	}
	q.dead.Store(true)
	delete(queues.all, q.number)
	for _, k := range q.notes {
		_ = k.source.detach(q, -1, k) // a descriptor that was closed meanwhile has nothing to detach
	}
	for _, fd := range []int{q.bell, q.second, q.inotify} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	q.notes, q.slots, q.spare, q.bell, q.second, q.inotify = nil, nil, nil, -1, -1, -1
	return true
}

// adopt makes what call has made one of the queue's own descriptors.
func (q *Queue) adopt(fd int, err error) (int, syscall.Errno) {
	if err != nil {
		return -1, err.(syscall.Errno)
	}
	q.own[fd] = true
	return fd, 0
}

// discard closes one of the queue's own descriptors. It has no duplicates, so it leaves the epoll.
func (q *Queue) discard(fd int) {
	delete(q.own, fd)
	_ = unix.Close(fd)
}

// ringBell makes the bell readable.
func (q *Queue) ringBell() {
	if !q.ringing && !q.dead.Load() {
		one := [8]byte{1, 0, 0, 0, 0, 0, 0, 1} // not zero, whichever end is first, and far from the largest that fits
		sysWrite(q.bell, &one)
		q.ringing = true
	}
}

// silence makes the bell unreadable if there is nothing left to wake for.
func (q *Queue) silence() {
	if q.ringing && q.pending.first == nil && q.closing == 0 {
		var count [8]byte
		sysRead(q.bell, &count)
		q.ringing = false
	}
}

// activate puts the note among those that have something to report, unless it is disabled.
func (q *Queue) activate(k *note) {
	if k.disabled || k.queued {
		return
	}
	q.pending.push(k)
	q.ringBell()
}

// goesOn puts a note that was reported back among those that have something to report, unless that was all.
func (q *Queue) goesOn(k *note) syscall.Errno {
	if k.flags&evClear == 0 {
		q.activate(k)
	}
	return 0
}

// deactivate takes the note out of those that have something to report.
func (q *Queue) deactivate(k *note) {
	if k.queued {
		q.pending.remove(k)
		q.silence()
	}
}

// epollCtl changes what the epoll holds of fd.
func epollCtl(epoll, op, fd int, events uint32, slot, generation int32) syscall.Errno {
	event := unix.EpollEvent{Events: events, Fd: slot, Pad: generation}
	return sys.EpollCtl(epoll, op, int32(fd), unsafe.Pointer(&event))
}

// sysWrite and sysRead move the eight bytes of an eventfd or a timerfd, which do not block.
func sysWrite(fd int, p *[8]byte) {
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(p)), 8)
}

func sysRead(fd int, p *[8]byte) (ok bool) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(p)), 8)
	return n == 8 && errno == 0
}
