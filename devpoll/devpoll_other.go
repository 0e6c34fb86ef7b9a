//go:build !unix && !windows

package devpoll

import (
	"errors"
	"fmt"
	"runtime"
)

// Native reports whether the kernel of this system has /dev/poll.
const Native = false

func create(bool) (*Poller, error) {
	return nil, fmt.Errorf("devpoll: %w on %s", errors.ErrUnsupported, runtime.GOOS)
}
