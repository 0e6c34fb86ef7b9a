package iomux

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"iomux/devpoll"
	"iomux/epoll"
	"iomux/internal/afd"
	"iomux/internal/backend"
	"iomux/internal/eventport"
	"iomux/internal/sys"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// PipeBuf is PIPE_BUF, select.PIPE_BUF: what can be written to a pipe without blocking when the pipe has been reported ready
// for writing. It speaks of pipes only. Linux has 4096 bytes, macOS and the BSDs 512, which is the least that POSIX allows,
// Solaris and illumos 5120, AIX 32768; Windows, whose pipes cannot be waited on, 0.
const PipeBuf = sys.PipeBuf

// Mechanism is a way in which a kernel lets a program wait on many descriptors.
type Mechanism uint8

// The mechanisms.
const (
	Select    Mechanism = iota // select(2), on Windows for sockets, package selectfd
	Poll                       // poll(2), on Windows for sockets, package poll
	Epoll                      // epoll(7), package epoll
	Kqueue                     // kqueue(2) of macOS and the BSDs (NetBSD from 10 on), on Linux emulated, package kqueue
	DevPoll                    // /dev/poll of Solaris and illumos, elsewhere emulated, package devpoll
	EventPort                  // event ports of Solaris and illumos
	AFD                        // the Ancillary Function Driver of Windows, for sockets
)

// mechanisms is what is known of each: the row of a constant is its number.
var mechanisms = [...]struct {
	name   string
	native bool
	limits func() Limits
	open   func(blocking bool) (backend.Backend, error)
}{
	Select:    {"select", selectfd.Native, selectLimits, always(backend.NewSelect)},
	Poll:      {"poll", poll.Native, pollLimits, always(backend.NewPoll)},
	Epoll:     {"epoll", epoll.Native, epollLimits, backend.NewEpoll},
	Kqueue:    {"kqueue", kqueue.Native, kqueueLimits, always(backend.NewKqueue)},
	DevPoll:   {"devpoll", devpoll.Native, devpollLimits, always(backend.NewDevPoll)},
	EventPort: {"eventport", eventport.Native, portLimits, always(openEventPort)},
	AFD:       {"afd", afd.Available, afdLimits, always(backend.NewAFD)},
}

// always adapts a mechanism whose waits always block.
func always(open func() (backend.Backend, error)) func(bool) (backend.Backend, error) {
	return func(bool) (backend.Backend, error) { return open() }
}

func openEventPort() (backend.Backend, error) { return backend.NewEventPort(eventport.System) }

// open returns the mechanism's backend.
func (m Mechanism) open(blocking bool) (backend.Backend, error) {
	if !m.Available() {
		return nil, fmt.Errorf("iomux: mechanism %v: %w on this system", m, errors.ErrUnsupported)
	}
	return mechanisms[m].open(blocking)
}

// best returns the mechanism that New uses.
func best() Mechanism {
	for _, m := range []Mechanism{Epoll, Kqueue, EventPort, AFD, Poll} {
		if m.Available() {
			return m
		}
	}
	return Select
}

// String is the mechanism's name as it is written on a command line: select, poll, epoll, kqueue, devpoll, eventport, afd.
func (m Mechanism) String() string {
	if int(m) >= len(mechanisms) {
		return "unknown"
	}
	return mechanisms[m].name
}

// Available reports whether a Poller can use the mechanism on this system, native or emulated.
func (m Mechanism) Available() bool {
	switch m {
	case Select, Poll, DevPoll: // the driver of Windows serves for all, and /dev/poll is emulated wherever there is poll(2)
		return m.Native() || afd.Available || m == DevPoll && poll.Native
	case Kqueue:
		return m.Native() || runtime.GOOS == "linux"
	}
	return m.Native()
}

// Native reports whether the mechanism is the kernel's own on this system.
func (m Mechanism) Native() bool { return int(m) < len(mechanisms) && mechanisms[m].native }

// Limits is what a mechanism can do at most, now, in this process. Zero means that there is no such limit, or none that
// the system tells.
type Limits struct {
	// Descriptors is how many descriptors the process may have open, RLIMIT_NOFILE. It can be raised (setrlimit(2)).
	Descriptors uint64
	// Entries is how many entries one wait takes. poll(2) refuses lists longer than RLIMIT_NOFILE.
	Entries uint64
	// Watches is how many descriptors all epolls of the user can hold together, fs.epoll.max_user_watches.
	Watches uint64
	// Highest is the highest descriptor that the system's call takes. The packages wait on higher ones by other means.
	Highest int
	// Resolution is the finest timeout that is told apart. Timeouts are rounded up to it.
	Resolution time.Duration
}

// Limits reads the mechanism's limits. They are all zero where it is not available.
func (m Mechanism) Limits() Limits {
	if !m.Available() {
		return Limits{}
	}
	return mechanisms[m].limits()
}

func selectLimits() Limits {
	return Limits{Descriptors: sys.MaxDescriptors(), Highest: max(sys.SelectLimit-1, 0), Resolution: sys.SelectResolution}
}

func pollLimits() Limits {
	return Limits{Descriptors: sys.MaxDescriptors(), Entries: sys.MaxDescriptors(), Resolution: sys.PollResolution}
}

func epollLimits() Limits {
	return Limits{Descriptors: sys.MaxDescriptors(), Watches: sys.MaxWatches(), Resolution: sys.EpollResolution()}
}

func kqueueLimits() Limits {
	return Limits{Descriptors: sys.MaxDescriptors(), Watches: sys.MaxWatches(), Resolution: max(sys.EpollResolution(), 1)}
}

func devpollLimits() Limits {
	limits := Limits{Descriptors: sys.MaxDescriptors(), Resolution: sys.PollResolution}
	if devpoll.Native {
		limits.Entries, limits.Resolution = limits.Descriptors, time.Millisecond
	}
	return limits
}

func portLimits() Limits {
	return Limits{Descriptors: sys.MaxDescriptors(), Resolution: time.Nanosecond}
}

func afdLimits() Limits { return Limits{Resolution: time.Millisecond} }

// Mechanisms is what a Poller can use on this system, in the order of the constants.
func Mechanisms() []Mechanism {
	var available []Mechanism
	for m := range mechanisms {
		if Mechanism(m).Available() {
			available = append(available, Mechanism(m))
		}
	}
	return available
}
