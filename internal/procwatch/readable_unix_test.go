//go:build unix && !aix

package procwatch

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// killed is the status of a child that was killed.
const killed = -int(syscall.SIGKILL)

func isReadable(t *testing.T, fd int, limit time.Duration) bool {
	t.Helper()
	for end := time.Now().Add(limit); ; {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(time.Until(end)/time.Millisecond)+1)
		if err != unix.EINTR {
			must(t, err)
			return n > 0
		}
	}
}
