//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"iomux/internal/epollemu"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

// waiter makes an emulated epoll one of the suite's.
type waiter struct{ *epollemu.Epoll }

var conditions = map[suite.Events]uint32{
	suite.In: epollemu.In, suite.Out: epollemu.Out, suite.Pri: epollemu.Pri,
	suite.Err: epollemu.Err, suite.Hup: epollemu.Hup, suite.RdHup: epollemu.RdHup,
}

func translate(events suite.Events, mode suite.Mode) (all uint32) {
	for theirs, ours := range conditions {
		if events&theirs != 0 {
			all |= ours
		}
	}
	if mode&suite.Edge != 0 {
		all |= epollemu.ET
	}
	if mode&suite.OneShot != 0 {
		all |= epollemu.OneShot
	}
	return all
}

func (w waiter) Register(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.Add(fd, translate(events, mode), uint64(fd)))
}

func (w waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.Epoll.Modify(fd, translate(events, mode), uint64(fd)))
}

func (w waiter) Unregister(fd int) error { return explained(fd, w.Remove(fd)) }

func (w waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	buffer := make([]epollemu.Event, room)
	n, err := w.Take(buffer, timeout)
	if err == syscall.EINVAL {
		err = os.NewSyscallError("epoll_wait", err)
	}
	var events []suite.Event
	for _, event := range buffer[:n] {
		var all suite.Events
		for theirs, ours := range conditions {
			if event.Events&ours != 0 {
				all |= theirs
			}
		}
		events = append(events, suite.Event{FD: int(event.FD), Events: all})
	}
	return events, err
}

var mechanism = suite.Mechanism{
	New: func() (suite.Waiter, error) {
		e, err := epollemu.New()
		return waiter{e}, err
	},
	Reports:             reported(),
	Modes:               suite.Edge | suite.OneShot,
	Live:                true,
	Wakes:               true,
	RefusesFiles:        true,
	UnconnectedIsSilent: true,
	ReportsClosed:       suite.Forgotten,
}

func reported() suite.Events {
	all := suite.In | suite.Out | suite.Pri | suite.Err | suite.Hup | suite.RdHup
	if !epollemu.HasUrgent() {
		all &^= suite.Pri
	}
	return all
}

func TestSuite(t *testing.T) { suite.Run(t, mechanism) }

func FuzzOperations(f *testing.F) { suite.Fuzz(f, mechanism) }
