//go:build linux

package devpoll_test

import (
	"math/bits"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
	"iomux/internal/devpolldriver"
	"iomux/internal/sys"
)

// model is a model of the driver of /dev/poll on the descriptors of this process. It follows
// illumos' source:
//
//   - A write adds events to those of an entry. Only POLLREMOVE removes an entry.
//   - A write ignores a closed descriptor above the process's table. Below it, a closed descriptor
//     becomes an entry that is never reported, cannot be removed, and keeps its events.
//   - The driver checks only entries with a hint. A write that adds sets it, and so does an event
//     of the file. Closing a descriptor or reusing its number does not. A closed one is POLLNVAL if
//     it is checked.
//   - A write of the same events of the same file changes nothing. A write of another file replaces
//     the file of the entry.
//   - A scan begins with the entry at which the last one stopped.
//   - More entries than RLIMIT_NOFILE are EINVAL in both calls. Sometimes a signal interrupts a
//     call before it has an effect.
//   - The driver belongs to the first process that uses it. Others get EACCES.
//   - Timeouts are milliseconds, of type int.
//
// The model does not sleep, but scans again after a moment.
type model struct {
	mu      sync.Mutex
	entries map[int32]*modelled
	table   int32  // descriptors that the process has room for
	start   int32  // of the next scan
	files   int    // an epoll, which distinguishes the files and reports their events
	owner   int    // 0 for none
	pid     int    // of the caller
	limit   uint64 // lower than RLIMIT_NOFILE, or 0 for RLIMIT_NOFILE itself
	// Memory for calls, so that the model does not allocate.
	ready [64]unix.EpollEvent
	one   [1]sys.PollFD
	// Counters for the tests.
	writes, longest, removals, refusals int
	// late is called after the last scan of a Poll.
	late func()
}

type modelled struct {
	events uint16
	file   bool // it was open and was not removed
	hint   bool
}

var _ devpolldriver.Driver = (*model)(nil)

func newModel() *model {
	return &model{entries: make(map[int32]*modelled), table: 256, pid: os.Getpid()}
}

func newModelled() (*devpoll.Poller, error) { return devpoll.Drive(newModel()) }

func (m *model) Open() (int, error) {
	files, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	m.files = files
	return files, os.NewSyscallError("open", err)
}

func (m *model) Close(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }

func interrupted() bool { return rand.IntN(8) == 0 }

func (m *model) own() syscall.Errno {
	if m.owner == 0 {
		m.owner = m.pid
	}
	if m.owner != m.pid {
		return unix.EACCES
	}
	return 0
}

func (m *model) Write(_ int, list []sys.PollFD) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errno := m.own(); errno != 0 {
		return errno
	}
	if m.refuses(list) {
		return unix.EINVAL
	}
	if interrupted() {
		return unix.EINTR
	}
	if len(list) > 0 {
		m.writes++
		m.longest = max(m.longest, len(list))
	}
	for _, entry := range list {
		if entry.Events == devpolldriver.Remove {
			m.remove(entry.FD)
		} else {
			m.add(entry.FD, entry.Events)
		}
	}
	return 0
}

func (m *model) refuses(list []sys.PollFD) bool {
	limit := m.limit
	if limit == 0 && len(list) > 20 { // no limit is lower, and the lookup may allocate
		limit = sys.MaxDescriptors()
	}
	if limit != 0 && uint64(len(list)) > limit {
		m.refusals++
		return true
	}
	return false
}

func (m *model) remove(fd int32) {
	m.removals++
	e := m.entries[fd]
	if e == nil || !e.file {
		return
	}
	*e = modelled{}
	_ = sys.EpollControl(m.files, sys.EpollRemove, int(fd), 0, 0) // it may be closed
}

func (m *model) add(fd int32, events uint16) {
	open := sys.IsOpen(int(fd))
	if fd >= m.table {
		if !open {
			return
		}
		m.table = 1 << bits.Len32(uint32(fd))
	}
	e := m.entries[fd]
	if e == nil {
		e = new(modelled)
		m.entries[fd] = e
	}
	if !open {
		e.events |= events
		e.hint = true
		return
	}
	if m.sameFile(fd) && e.file && e.events == events {
		return
	}
	e.events |= events
	e.file, e.hint = true, true
}

// sameFile reports whether the descriptor still has the file of its entry, and updates the entry.
func (m *model) sameFile(fd int32) bool {
	const events = unix.EPOLLET | unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLPRI | unix.EPOLLRDHUP
	errno := sys.EpollControl(m.files, sys.EpollAdd, int(fd), events, sys.EpollData(fd, 0))
	return errno == unix.EEXIST
}

func (m *model) Poll(_ int, list []sys.PollFD, timeout time.Duration) (int, syscall.Errno) {
	milliseconds := timeout / time.Millisecond // rounded up, with 32 bits, as in the call
	if timeout > 0 && timeout%time.Millisecond != 0 {
		milliseconds++
	}
	end := time.Now().Add(time.Duration(int32(milliseconds)) * time.Millisecond)
	for interrupted := interrupted(); ; {
		n, errno := m.scan(list)
		if n > 0 || errno != 0 || timeout == 0 || timeout > 0 && !time.Now().Before(end) {
			if m.late != nil {
				m.late()
			}
			return n, errno
		}
		time.Sleep(100 * time.Microsecond)
		if interrupted {
			return 0, unix.EINTR
		}
	}
}

// scan checks the entries with a hint once.
func (m *model) scan(list []sys.PollFD) (n int, errno syscall.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errno := m.own(); errno != 0 {
		return 0, errno
	}
	if m.refuses(list) {
		return 0, unix.EINVAL
	}
	m.takeHints()
	highest := int32(0)
	for fd := range m.entries {
		highest = max(highest, fd)
	}
	start := m.start
	for turn := int32(0); turn <= highest; turn++ {
		fd := (start + turn) % (highest + 1)
		e := m.entries[fd]
		if e == nil || !e.hint || !e.file {
			continue
		}
		if n == len(list) {
			m.start = fd
			return n, 0
		}
		if events := m.look(fd, e); events != 0 {
			list[n] = sys.PollFD{FD: fd, Events: e.events, Revents: events}
			n++
		}
	}
	m.start = 0
	return n, 0
}

// takeHints sets the hint of entries whose files had an event.
func (m *model) takeHints() {
	for {
		n, _ := sys.EpollWait(m.files, unsafe.Pointer(&m.ready), len(m.ready), 0)
		if n <= 0 {
			return
		}
		for _, event := range m.ready[:n] {
			if e := m.entries[event.Fd]; e != nil {
				e.hint = true
			}
		}
	}
}

// look returns the events of one descriptor. If there are none, it clears the hint, unless no event
// would set it again.
func (m *model) look(fd int32, e *modelled) uint16 {
	if !sys.IsOpen(int(fd)) {
		return sys.PollNval
	}
	m.sameFile(fd)          // updates the entry
	known := m.sameFile(fd) // false for files without events
	m.one[0] = sys.PollFD{FD: fd, Events: e.events}
	for {
		if _, errno := sys.Poll(m.one[:], 0); errno != unix.EINTR {
			break
		}
	}
	e.hint = m.one[0].Revents != 0 || !known
	return m.one[0].Revents
}
