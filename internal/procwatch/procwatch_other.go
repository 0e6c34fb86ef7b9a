//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || solaris || windows)

package procwatch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func watch(*os.Process, func()) (*Exit, error) {
	return nil, fmt.Errorf("the exit of processes on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
