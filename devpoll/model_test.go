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

// model behaves as the driver of /dev/poll does, as far as illumos' source tells, over the descriptors of this process:
//
//   - Events are added to those of an entry; only POLLREMOVE, and nothing else, takes an entry out.
//   - A descriptor that is not open when it is written is passed over above the process's table, and below it becomes an entry
//     that is never reported, cannot be removed, and keeps its events.
//   - Only those entries are looked at whose hint is set: by a write that adds, and by an event of the file. Nobody sets it when
//     a descriptor is closed, or its number reused. A closed one that is looked at is POLLNVAL.
//   - To write the same events of the same file again changes nothing; of another file it makes it the entry's.
//   - The scan goes round, and begins where the last one had to stop.
//   - More entries than RLIMIT_NOFILE are EINVAL, both ways. Signals interrupt, now and then, before anything was done.
//   - The first process to use it owns it: others get EACCES.
//   - Timeouts are milliseconds, of an int.
//
// It does not sleep, but looks again after a moment.
type model struct {
	mu      sync.Mutex
	entries map[int32]*modelled
	table   int32  // descriptors that the process has room for
	start   int32  // of the next scan
	files   int    // an epoll, which knows the files, and what happens to them
	owner   int    // 0 for none
	pid     int    // of whoever calls
	limit   uint64 // less than RLIMIT_NOFILE, as after it was looked up; 0 for that
	// What calls need, here so that the model does not allocate.
	event unix.EpollEvent
	told  [64]unix.EpollEvent
	one   [1]sys.PollFD
	// What was done, for the tests.
	writes, longest, removals, refusals int
	// late is called when a Poll has looked, and is about to return.
	late func()
}

type modelled struct {
	events uint16
	file   bool // it was open, and is not removed
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
	if limit == 0 && len(list) > 20 { // less is not allowed anywhere, and to look it up may allocate
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

// sameFile reports whether the descriptor is of the file that the model knows, and makes it so.
func (m *model) sameFile(fd int32) bool {
	const events = unix.EPOLLET | unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLPRI | unix.EPOLLRDHUP
	errno := sys.EpollControl(m.files, sys.EpollAdd, int(fd), events, sys.EpollData(fd, 0))
	return errno == unix.EEXIST
}

func (m *model) Poll(_ int, list []sys.PollFD, timeout time.Duration) (int, syscall.Errno) {
	milliseconds := timeout / time.Millisecond // as the call has it: rounded up, and of 32 bits
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

// scan looks once at the entries whose hint is set.
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

// takeHints sets the hint of those whose files had an event.
func (m *model) takeHints() {
	for {
		n, _ := sys.EpollWait(m.files, unsafe.Pointer(&m.told), len(m.told), 0)
		if n <= 0 {
			return
		}
		for _, event := range m.told[:n] {
			if e := m.entries[event.Fd]; e != nil {
				e.hint = true
			}
		}
	}
}

// look is what one descriptor has. The hint of one that has nothing is taken back, unless nobody would set it again.
func (m *model) look(fd int32, e *modelled) uint16 {
	if !sys.IsOpen(int(fd)) {
		return sys.PollNval
	}
	m.sameFile(fd)          // it may be another one now
	known := m.sameFile(fd) // it is not, of files that tell of no events
	m.one[0] = sys.PollFD{FD: fd, Events: e.events}
	for {
		if _, errno := sys.Poll(m.one[:], 0); errno != unix.EINTR {
			break
		}
	}
	e.hint = m.one[0].Revents != 0 || !known
	return m.one[0].Revents
}
