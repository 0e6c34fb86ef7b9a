//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package epoll

import (
	"syscall"

	"iomux/internal/epollemu"
	"iomux/internal/sys"
)

// emulation is an epoll on top of a kqueue.
type emulation = epollemu.Epoll

func open() (*emulation, error) { return epollemu.New() }

func adopt(fd int) (*Poller, error) {
	emulated, err := epollemu.FromFD(fd)
	errno, isErrno := err.(syscall.Errno)
	switch {
	case err == nil:
		return &Poller{state{emulated: emulated}}, nil
	case !isErrno:
		return nil, err
	}
	failure := sys.EpollError(fd, errno)
	if errno == syscall.EINVAL {
		failure.Advice = "it is not an epoll of this process"
	}
	return nil, failure
}
