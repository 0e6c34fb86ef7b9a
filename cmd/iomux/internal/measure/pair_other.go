//go:build !unix

package measure

import (
	"errors"
	"fmt"
	"runtime"
)

// sources is what is waited on.
const sources = "pipes"

func pair() (read, write int, err error) {
	return 0, 0, fmt.Errorf("pipes that can be waited on: %w on %s", errors.ErrUnsupported, runtime.GOOS)
}

func closeDescriptor(int) {}

func raiseLimit(want int) int { return want }
