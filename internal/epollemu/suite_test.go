//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu_test

import (
	"testing"
	"time"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
)

// waiter adapts an emulated epoll to the suite.
type waiter struct{ *epollemu.Epoll }

func (w waiter) Register(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.Add(fd, numbers.To(events, mode), uint64(fd)))
}

func (w waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.Epoll.Modify(fd, numbers.To(events, mode), uint64(fd)))
}

func (w waiter) Unregister(fd int) error { return explained(fd, w.Remove(fd)) }

func (w waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	return waitFor(w.Take, room, timeout)
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
