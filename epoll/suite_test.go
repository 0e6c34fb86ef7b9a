//go:build unix || windows

package epoll_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// waiter adapts a Poller to the suite.
type waiter struct{ *epoll.Poller }

var numbers = suite.Numbers[epoll.Events]{
	Events: map[suite.Events]epoll.Events{
		suite.In: epoll.In, suite.Out: epoll.Out, suite.Pri: epoll.Pri,
		suite.Err: epoll.Err, suite.Hup: epoll.Hup, suite.RdHup: epoll.RdHup,
	},
	Edge: epoll.ET, OneShot: epoll.OneShot,
}

func (w waiter) Register(fd int, events suite.Events, mode suite.Mode) error {
	return w.Poller.Register(fd, numbers.To(events, mode))
}

func (w waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	return w.Poller.Modify(fd, numbers.To(events, mode))
}

func (w waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	buffer := make([]epoll.Event, room)
	n, err := w.Poll(buffer, timeout)
	var events []suite.Event
	for _, event := range buffer[:n] {
		events = append(events, suite.Event{FD: int(event.FD), Events: numbers.From(event.Events)})
	}
	return events, err
}

var mechanism = suite.Mechanism{
	New: func() (suite.Waiter, error) {
		poller, err := epoll.New()
		return waiter{poller}, err
	},
	Reports:             reported(),
	Modes:               modes(),
	Live:                true,
	Wakes:               true,
	RefusesFiles:        true,
	UnconnectedIsSilent: overKqueue,
	ReportsClosed:       suite.Forgotten,
}

// overKqueue means that epoll is emulated with kqueue.
var overKqueue = slices.Contains([]string{"darwin", "dragonfly", "freebsd", "ios", "netbsd", "openbsd"}, runtime.GOOS)

func reported() suite.Events {
	all := suite.In | suite.Out | suite.Pri | suite.Err | suite.Hup | suite.RdHup
	if runtime.GOOS == "freebsd" || runtime.GOOS == "netbsd" {
		all &^= suite.Pri
	}
	return all
}

func modes() suite.Mode {
	if epoll.Native || overKqueue {
		return suite.Edge | suite.OneShot
	}
	return suite.OneShot
}

func TestSuite(t *testing.T) { suite.Run(t, mechanism) }

func FuzzOperations(f *testing.F) { suite.Fuzz(f, mechanism) }
