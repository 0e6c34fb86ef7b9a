//go:build unix || windows

package sys

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// EpollError returns the error of epoll_ctl(2) on fd, with advice. Emulations of epoll also use it.
func EpollError(fd int, errno error) *Error {
	err := NewError("epoll_ctl", fd, errno, "")
	switch errno {
	case syscall.EBADF:
		err.Advice = unusable(fd)
	case syscall.EEXIST:
		err.Advice = "it is already registered: use Modify"
	case syscall.ENOENT:
		err.Advice = "it is not registered, or was closed and its number reused"
	case syscall.EPERM:
		err.Advice = unpollable(fd)
	case syscall.EINVAL:
		err.Advice = "it is the poller itself, or Exclusive is not allowed here"
	case syscall.ELOOP:
		err.Advice = "epolls watch each other, or too many are nested"
	case syscall.ENOSPC:
		err.Advice = EpollWatches
	}
	return err
}

// OwnError returns the error of a call for a descriptor that the poller itself has opened.
func OwnError(call string, fd int) *Error {
	return NewError(call, fd, syscall.EBADF, "it belongs to the poller itself")
}

// PollError returns the error of a poll(2) with the given number of entries. EINVAL means that
// there are too many.
func PollError(entries int, errno syscall.Errno) error {
	return pollError(runtime.GOOS, entries, errno)
}

// pollError is PollError for the system goos.
func pollError(goos string, entries int, errno syscall.Errno) error {
	err := os.NewSyscallError("poll", errno)
	if errno != syscall.EINVAL {
		return err
	}
	advice := "raise RLIMIT_NOFILE"
	if goos == "freebsd" || goos == "dragonfly" {
		advice = "raise the sysctl kern.maxfilesperproc"
	}
	return fmt.Errorf("%w: the list has %d entries, more than the system accepts: %s", err, entries, advice)
}
