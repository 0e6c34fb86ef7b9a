//go:build unix

package epollemu_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"iomux/internal/epollemu"
	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

var numbers = suite.Numbers[uint32]{
	Events: map[suite.Events]uint32{
		suite.In: epollemu.In, suite.Out: epollemu.Out, suite.Pri: epollemu.Pri,
		suite.Err: epollemu.Err, suite.Hup: epollemu.Hup, suite.RdHup: epollemu.RdHup,
	},
	Edge: epollemu.ET, OneShot: epollemu.OneShot,
}

// emulation is an Epoll or a Ports.
type emulation interface {
	Add(fd int, events uint32, data uint64) error
	Modify(fd int, events uint32, data uint64) error
	Remove(fd int) error
	Take(events []epollemu.Event, d time.Duration) (int, error)
	Close() error
}

// waiter adapts an emulation to the suite.
type waiter struct{ emulation }

func (w waiter) Register(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.Add(fd, numbers.To(events, mode), uint64(fd)))
}

func (w waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	return explained(fd, w.emulation.Modify(fd, numbers.To(events, mode), uint64(fd)))
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
		events = append(events, suite.Event{FD: int(event.FD), Events: numbers.From(event.Events)})
	}
	return events, err
}

// explained adds the call and the descriptor to an errno, as package epoll does.
func explained(fd int, err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return sys.EpollError(fd, errno)
	}
	return err
}

var must = suite.Must

func isError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}
