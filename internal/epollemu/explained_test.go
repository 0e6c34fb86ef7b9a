//go:build unix

package epollemu_test

import (
	"errors"
	"syscall"

	"iomux/internal/sys"
)

// explained adds the call and the descriptor to an errno, as package epoll does.
func explained(fd int, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return sys.EpollError(fd, errno)
	}
	return err
}
