package epoll

import (
	"errors"
	"fmt"

	"iomux/internal/epollemu"
)

// emulation is an epoll on top of poll(2).
type emulation = epollemu.Ports

func open() (*emulation, error) { return epollemu.OpenPorts(epollemu.NewPollPort()) }

func adopt(int) (*Poller, error) {
	return nil, fmt.Errorf("epoll: FromFD: %w on AIX: no descriptor is an epoll", errors.ErrUnsupported)
}
