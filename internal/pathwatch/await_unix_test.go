//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"time"

	"golang.org/x/sys/unix"
)

// await waits until the kernel has a change to report, but no longer than limit.
func await(w *Watcher, limit time.Duration) {
	fds := []unix.PollFd{{Fd: int32(w.FD()), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, int(limit/time.Millisecond)+1) // may end early
}

func (k *vnodes) count() int { return max(len(k.nodes), len(k.opened)) }
