package iomux

import (
	"errors"
	"fmt"
	"strconv"
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

// PipeBuf is PIPE_BUF (select.PIPE_BUF in Python): the number of bytes that can be written to a
// writable pipe without blocking. It does not apply to sockets. It is 4096 on Linux, 512 on macOS
// and the BSDs (the least that POSIX allows), 5120 on Solaris and illumos, 32768 on AIX, and 0 on
// Windows, where a Poller cannot wait for pipes.
const PipeBuf = sys.PipeBuf

// Mechanism is a system interface for waiting on many descriptors.
type Mechanism uint8

// The mechanisms. The package in parentheses provides a mechanism without a Poller.
const (
	Select    Mechanism = iota // select(2); sockets only on Windows (package selectfd)
	Poll                       // poll(2); sockets only on Windows (package poll)
	Epoll                      // epoll(7) on Linux (package epoll, which runs on more systems)
	Kqueue                     // kqueue(2); emulated on Linux (package kqueue)
	DevPoll                    // /dev/poll; mostly emulated (package devpoll)
	EventPort                  // event ports on Solaris and illumos
	AFD                        // the Ancillary Function Driver of Windows; sockets only
)

// mechanisms has a row for each constant.
var mechanisms = [...]struct {
	name   string
	native bool
	limits func() Limits
	open   func(blocking bool) (backend.Backend, error)
}{
	Select:    {"select", selectfd.Native, selectLimits, ignoringBlocking(backend.NewSelect)},
	Poll:      {"poll", poll.Native, pollLimits, ignoringBlocking(backend.NewPoll)},
	Epoll:     {"epoll", epoll.Native, epollLimits, backend.NewEpoll},
	Kqueue:    {"kqueue", kqueue.Native, kqueueLimits, ignoringBlocking(backend.NewKqueue)},
	DevPoll:   {"devpoll", devpoll.Native, devpollLimits, ignoringBlocking(backend.NewDevPoll)},
	EventPort: {"eventport", eventport.Native, portLimits, ignoringBlocking(openEventPort)},
	AFD:       {"afd", afd.Available, afdLimits, ignoringBlocking(backend.NewAFD)},
}

// ignoringBlocking adapts the constructor of a mechanism whose waits always block.
func ignoringBlocking(open func() (backend.Backend, error)) func(bool) (backend.Backend, error) {
	return func(bool) (backend.Backend, error) { return open() }
}

func openEventPort() (backend.Backend, error) { return backend.NewEventPort(eventport.System) }

// open returns the mechanism's backend.
func (m Mechanism) open(blocking bool) (backend.Backend, error) {
	if !m.Available() {
		return nil, fmt.Errorf("iomux: new: mechanism %v: %w on this system: want one of %v", m, errors.ErrUnsupported, Mechanisms())
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

// String returns the name in lower case: select, poll, epoll, kqueue, devpoll, eventport or afd.
func (m Mechanism) String() string {
	if int(m) >= len(mechanisms) {
		return "Mechanism(" + strconv.Itoa(int(m)) + ")"
	}
	return mechanisms[m].name
}

// Available reports whether a Poller can use the mechanism on this system, native or emulated. It
// can be false on a system where the mechanism's package works: package epoll works on macOS, but a
// Poller does not use it there.
func (m Mechanism) Available() bool {
	switch m {
	case Select, Poll, DevPoll:
		// On Windows the AFD driver serves all three. /dev/poll is emulated on every system
		// with poll(2).
		return m.Native() || afd.Available || m == DevPoll && poll.Native
	case Kqueue:
		return m.Native() || sys.IsLinux
	}
	return m.Native()
}

// Native reports whether the kernel of this system has the mechanism.
func (m Mechanism) Native() bool { return int(m) < len(mechanisms) && mechanisms[m].native }

// Limits holds the current limits of a mechanism in this process. Zero means that the limit does
// not exist or that the system does not report it.
type Limits struct {
	// Descriptors is the number of descriptors that the process can have open, RLIMIT_NOFILE.
	// setrlimit(2) raises it.
	Descriptors uint64
	// Entries is the largest number of descriptors in one wait. On Linux, poll(2) refuses a
	// list that is longer than RLIMIT_NOFILE.
	Entries uint64
	// Watches is the number of descriptors that all epolls of the user together can hold,
	// fs.epoll.max_user_watches.
	Watches uint64
	// Highest is the largest descriptor that the system call accepts. The packages fall back to
	// poll(2) for larger ones.
	Highest int
	// Resolution is the unit to which timeouts are rounded up.
	Resolution time.Duration
}

// Limits returns the current limits of the mechanism. They are all zero if the mechanism is not
// available.
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
	watches, resolution := backend.EpollLimits()
	return Limits{Descriptors: sys.MaxDescriptors(), Watches: watches, Resolution: resolution}
}

func kqueueLimits() Limits {
	limits := epollLimits()
	limits.Resolution = max(limits.Resolution, 1) // of a kernel's kqueue
	return limits
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

// Mechanisms returns the mechanisms that a Poller can use on this system, in the order of the
// constants.
func Mechanisms() []Mechanism {
	var available []Mechanism
	for m := range mechanisms {
		if Mechanism(m).Available() {
			available = append(available, Mechanism(m))
		}
	}
	return available
}
