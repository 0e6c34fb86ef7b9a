package epoll

import (
	"errors"
	"fmt"
	"runtime"

	"iomux/internal/epollemu"
	"iomux/internal/eventport"
)

// emulation is an epoll on top of an event port.
type emulation = epollemu.Ports

func open() (*emulation, error) { return epollemu.OpenPorts(eventport.System) }

func adopt(int) (*Poller, error) {
	return nil, fmt.Errorf("epoll: FromFD: %w on %s: an event port does not list its descriptors", errors.ErrUnsupported, runtime.GOOS)
}
