//go:build unix

package waker_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// delivery is how long it may take until a woken waker is readable.
const delivery = 0

// turns is how often the test clears a waker that other goroutines keep waking.
const turns = 20_000

// readable reports whether the waker is readable within timeout.
func readable(t *testing.T, fd int, timeout time.Duration) bool {
	t.Helper()
	fds := []sys.PollFD{{FD: int32(fd), Events: unix.POLLIN}}
	n, errno := sys.Poll(fds, timeout)
	for errno == unix.EINTR {
		n, errno = sys.Poll(fds, timeout)
	}
	if errno != 0 || fds[0].Revents&unix.POLLNVAL != 0 {
		t.Fatalf("poll: %v, %v", fds, errno)
	}
	return n != 0
}
