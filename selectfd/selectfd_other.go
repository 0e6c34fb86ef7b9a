//go:build !unix && !windows

package selectfd

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Native reports whether the kernel of this system has select(2).
const Native = false

func wait([3]*Set, time.Duration) (int, error) {
	return 0, fmt.Errorf("select: %w on %s", errors.ErrUnsupported, runtime.GOOS)
}
