//go:build unix || windows

package epoll_test

import (
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// refusal is a refused change.
type refusal struct {
	name string
	fd   int
	err  error
	want error
}

func TestControlErrors(t *testing.T) {
	poller := newPoller(t)
	r, _ := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	unknown, _ := suite.Pipe(t)
	closed := suite.ClosedFD(t)
	self := poller.FD()

	checkRefusals(t, []refusal{
		{"register twice", r, poller.Register(r, epoll.In), syscall.EEXIST},
		{"register itself", self, poller.Register(self, epoll.In), syscall.EINVAL},
		{"register a closed one", closed, poller.Register(closed, epoll.In), syscall.EBADF},
		{"register -1", -1, poller.Register(-1, epoll.In), syscall.EBADF},
		{"register MinInt", math.MinInt, poller.Register(math.MinInt, epoll.In), syscall.EBADF},
		{"modify an unknown one", unknown, poller.Modify(unknown, epoll.In), syscall.ENOENT},
		{"modify a closed one", closed, poller.Modify(closed, epoll.In), syscall.EBADF},
		{"modify itself", self, poller.Modify(self, epoll.In), syscall.EINVAL},
		{"unregister an unknown one", unknown, poller.Unregister(unknown), syscall.ENOENT},
		{"unregister a closed one", closed, poller.Unregister(closed), syscall.EBADF},
		{"unregister itself", self, poller.Unregister(self), syscall.EINVAL},
		{"unregister -1", -1, poller.Unregister(-1), syscall.EBADF},
	})
	checkRefusals(t, systemRefusals(t, poller))
	must(t, poller.Unregister(r))
	checkRefusals(t, []refusal{
		{"modify an unregistered one", r, poller.Modify(r, epoll.In), syscall.ENOENT},
		{"unregister twice", r, poller.Unregister(r), syscall.ENOENT},
	})
	must(t, poller.Register(r, epoll.In))
}

func checkRefusals(t *testing.T, refusals []refusal) {
	t.Helper()
	for _, test := range refusals {
		var call *os.SyscallError
		if !errors.Is(test.err, test.want) || !errors.As(test.err, &call) || call.Syscall != "epoll_ctl" {
			t.Errorf("%s: %v, want %v of epoll_ctl", test.name, test.err, test.want)
			continue
		}
		if test.fd != 0 && !strings.Contains(test.err.Error(), strconv.Itoa(test.fd)) {
			t.Errorf("%s: %q does not name %d", test.name, test.err, test.fd)
		}
	}
}

func TestPollErrors(t *testing.T) {
	poller := newPoller(t)
	for _, room := range [][]epoll.Event{nil, {}} {
		if n, err := poller.Poll(room, -1); n != 0 || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Poll without room for events: %d, %v, want EINVAL", n, err)
		}
	}
	must(t, poller.Close())
	if n, err := poller.Poll(nil, -1); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Poll of a closed Poller without room: %d, %v, want os.ErrClosed", n, err)
	}
	var zero epoll.Poller
	_, err := zero.Poll(make([]epoll.Event, 1), 0)
	for _, err := range []error{err, zero.Register(0, epoll.In), zero.Modify(0, epoll.In), zero.Unregister(0), zero.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("use of the zero Poller: %v, want os.ErrClosed", err)
		}
	}
	if fd := zero.FD(); fd != -1 {
		t.Errorf("the zero Poller has descriptor %d", fd)
	}
}

func TestNewRefusesUnknownFlags(t *testing.T) {
	if poller, err := epoll.New(1 << 30); !errors.Is(err, syscall.EINVAL) || poller != nil {
		t.Errorf("New: %v, %v, want EINVAL", poller, err)
	}
}
