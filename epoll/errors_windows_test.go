package epoll_test

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// systemRefusals returns refusals of handles that are not sockets.
func systemRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	event, err := windows.CreateEvent(nil, 0, 0, nil)
	must(t, err)
	t.Cleanup(func() { must(t, windows.CloseHandle(event)) })
	file, process := suite.File(t), int(windows.CurrentProcess())
	return []refusal{
		{"register an event", int(event), poller.Register(int(event), epoll.In), windows.WSAENOTSOCK},
		{"register a file", file, poller.Register(file, epoll.In), errors.ErrUnsupported},
		{"register no handle", 0, poller.Register(0, epoll.In), syscall.EBADF},
		{"register the process", process, poller.Register(process, epoll.In), syscall.EBADF},
		{"modify an event", int(event), poller.Modify(int(event), epoll.In), syscall.ENOENT},
		{"unregister an event", int(event), poller.Unregister(int(event)), syscall.ENOENT},
	}
}

// Events that the driver cannot report are refused, and the registration is unchanged.
func TestOtherEventsAreRefused(t *testing.T) {
	poller := newPoller(t)
	a, b := suite.Pipe(t)
	must(t, poller.Register(a, epoll.In))
	for _, events := range []epoll.Events{epoll.ET, epoll.Exclusive, epoll.WakeUp, epoll.Msg, 1 << 20} {
		for _, err := range []error{poller.Register(b, epoll.In|events), poller.Modify(a, epoll.Out|events)} {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%v: %v, want errors.ErrUnsupported", events, err)
			}
		}
	}
	none(t, poller)
	must(t, poller.Register(b, epoll.In))
	suite.Write(t, b)
	if event := one(t, poller); event.FD != int32(a) || event.Events != epoll.In {
		t.Errorf("event is %+v", event)
	}
}

func TestFromFDIsRefused(t *testing.T) {
	if poller, err := epoll.FromFD(newPoller(t).FD()); poller != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFD: %v, %v, want errors.ErrUnsupported", poller, err)
	}
}
