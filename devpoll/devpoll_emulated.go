//go:build unix && !solaris

package devpoll

import "iomux/internal/devpollemu"

// Native reports whether the kernel of this system has /dev/poll.
const Native = false

func create(bool) (*Poller, error) { return emulate(devpollemu.Few) }
