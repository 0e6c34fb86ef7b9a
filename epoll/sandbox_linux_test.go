package epoll_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// Old kernels lack epoll_pwait2, and old sandboxes forbid it. Poll then always uses epoll_pwait.
// Any other errno is an error of the call.
func TestSandbox(t *testing.T) {
	suite.Sandbox(t, withoutPwait2)
}

func withoutPwait2(t *testing.T, errno unix.Errno) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	suite.Forbid(t, errno, unix.SYS_EPOLL_PWAIT2)

	const timeout = 1500 * time.Microsecond
	sys.CoarseEpoll(false)
	start := time.Now()
	n, err := poller.Poll(make([]epoll.Event, 1), timeout)
	if errno == unix.EINVAL {
		if n != 0 || !errors.Is(err, unix.EINVAL) || sys.EpollResolution() != time.Nanosecond {
			t.Errorf("Poll: %d, %v, resolution %v", n, err, sys.EpollResolution())
		}
		return
	}
	if took := time.Since(start); n != 0 || err != nil || took < timeout {
		t.Errorf("Poll: %d, %v after %v", n, err, took)
	}
	if resolution := sys.EpollResolution(); resolution != time.Millisecond {
		t.Errorf("the resolution is %v, want a millisecond", resolution)
	}
	suite.Write(t, w)
	one(t, poller)
}
