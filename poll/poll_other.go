//go:build !unix && !windows

package poll

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Native reports whether the kernel of this system has poll(2).
const Native = false

func wait([]FD, time.Duration) (int, error) {
	return 0, fmt.Errorf("poll: %w on %s", errors.ErrUnsupported, runtime.GOOS)
}
