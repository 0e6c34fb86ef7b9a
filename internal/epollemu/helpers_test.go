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

// waitFor calls take, and translates what it returns.
func waitFor(take func([]epollemu.Event, time.Duration) (int, error), room int, timeout time.Duration) ([]suite.Event, error) {
	buffer := make([]epollemu.Event, room)
	n, err := take(buffer, timeout)
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
