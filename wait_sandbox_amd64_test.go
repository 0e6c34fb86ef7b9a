//go:build linux

package iomux_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/test/suite"
	"iomux/poll"
	"iomux/selectfd"
)

// A sandbox may allow only the calls with a signal mask, as many processor architectures do.
func TestSandboxWithoutOldCalls(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		fd, w := suite.Pipe(t)
		suite.Forbid(t, errno, unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT)
		inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
			r := register(t, p, fd, iomux.Readable)
			expectNothing(t, p)
			suite.Write(t, w)
			expect(t, p, r, iomux.Readable)
			suite.Drain(t, fd)
		})
		suite.Write(t, w)
		e, err := epoll.New()
		must(t, err)
		defer func() { must(t, e.Close()) }()
		must(t, e.Register(fd, epoll.In))
		n, err := e.Poll(make([]epoll.Event, 1), 0)
		isOne(t, n, err)
		n, err = poll.Wait([]poll.FD{{FD: int32(fd), Events: poll.In}}, 0)
		isOne(t, n, err)
		r, _, _, err := selectfd.Select([]int{fd}, nil, nil, 0)
		isOne(t, len(r), err)
	})
}

func isOne(t *testing.T, n int, err error) {
	t.Helper()
	if n != 1 || err != nil {
		t.Errorf("a look found %d events, %v, want 1", n, err)
	}
}
