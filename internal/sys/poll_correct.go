//go:build unix

package sys

import (
	"syscall"
	"time"
)

// correctPoll calls poll, which is DragonFly's poll(2), and corrects two of its answers. It is
// compiled on every Unix, so that tests can run it over a model of that kernel.
//
// The kernel ignores descriptor -1 only, although POSIX lets any negative one disable an entry. And
// it reports PollNval for a pipe whose other end is closed, because it takes the errno EPIPE for
// that event.
func correctPoll(fds []PollFD, timeout time.Duration,
	poll func([]PollFD, time.Duration) (int, syscall.Errno)) (int, syscall.Errno) {
	disabled := disableNegative(fds)
	n, errno := poll(fds, timeout)
	for _, entry := range disabled {
		fds[entry.index].FD = entry.fd
	}
	if n <= 0 || errno != 0 {
		return n, errno
	}
	for i := range fds {
		if fds[i].Revents&PollNval != 0 && IsOpen(int(fds[i].FD)) {
			fds[i].Revents = fds[i].Revents&^PollNval | PollHup | PollErr
		}
	}
	return n, errno
}

// disabledFD is the descriptor of an entry that disableNegative has changed.
type disabledFD struct {
	index int
	fd    int32
}

// disableNegative replaces descriptors below -1 with -1, and returns what it replaced.
func disableNegative(fds []PollFD) (disabled []disabledFD) {
	for i := range fds {
		if fds[i].FD < -1 {
			disabled = append(disabled, disabledFD{index: i, fd: fds[i].FD})
			fds[i].FD = -1
		}
	}
	return disabled
}
