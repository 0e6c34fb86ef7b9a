//go:build unix

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// EpollError returns the error of epoll_ctl(2) on fd, with advice. Emulations of epoll return it,
// too.
func EpollError(fd int, errno syscall.Errno) *Error {
	err := &Error{Call: "epoll_ctl", FD: fd, Err: errno}
	switch errno {
	case unix.EBADF:
		err.Advice = "it is not open"
	case unix.EEXIST:
		err.Advice = "it is registered already: use Modify"
	case unix.ENOENT:
		err.Advice = "it is not registered, or was closed and opened again since"
	case unix.EPERM:
		err.Advice = unpollable(fd)
	case unix.EINVAL:
		err.Advice = "it is the poller itself, or Exclusive is not allowed here"
	case unix.ELOOP:
		err.Advice = "epolls watch each other, or too many are nested"
	case unix.ENOSPC:
		err.Advice = "raise fs.epoll.max_user_watches"
	}
	return err
}

// unpollable says what fd is that cannot be waited on.
func unpollable(fd int) string {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) == nil {
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return "it is a regular file, which is always ready"
		case unix.S_IFDIR:
			return "it is a directory, which is always ready"
		case unix.S_IFCHR, unix.S_IFBLK:
			return "it is a device that cannot be waited on, such as /dev/null: it is always ready"
		}
	}
	return "it cannot be waited on: it is always ready"
}
