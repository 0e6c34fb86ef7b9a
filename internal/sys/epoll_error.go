//go:build unix || windows

package sys

import "syscall"

// EpollError returns the error of epoll_ctl(2) on fd, with advice. Emulations of epoll return it,
// too.
func EpollError(fd int, errno error) *Error {
	err := &Error{Call: "epoll_ctl", FD: fd, Err: errno}
	switch errno {
	case syscall.EBADF:
		err.Advice = "it is not open"
	case syscall.EEXIST:
		err.Advice = "it is registered already: use Modify"
	case syscall.ENOENT:
		err.Advice = "it is not registered, or was closed and opened again since"
	case syscall.EPERM:
		err.Advice = unpollable(fd)
	case syscall.EINVAL:
		err.Advice = "it is the poller itself, or Exclusive is not allowed here"
	case syscall.ELOOP:
		err.Advice = "epolls watch each other, or too many are nested"
	case syscall.ENOSPC:
		err.Advice = "raise fs.epoll.max_user_watches"
	}
	return err
}
