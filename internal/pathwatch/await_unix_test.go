//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"time"

	"golang.org/x/sys/unix"
)

// await waits until the kernel has something to report, for limit at most.
func await(w *Watcher, limit time.Duration) {
	fds := []unix.PollFd{{Fd: int32(w.FD()), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, int(limit/time.Millisecond)+1) // an interruption is a look at the clock
}

func (k *vnodes) count() int { return max(len(k.nodes), len(k.opened)) }
