//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package pathwatch

import (
	"errors"
	"fmt"
	"runtime"
)

func newKernel(func()) (kernel, error) {
	return nil, fmt.Errorf("changes of paths on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
