//go:build !windows

package sys

import (
	"errors"
	"os"
)

// Exit is not used here.
type Exit struct{}

// NewExit fails: whoever awaits a process here is its parent, or polls it.
func NewExit(*os.Process) (*Exit, error) { return nil, errors.ErrUnsupported }

// Await knows nothing.
func (*Exit) Await(<-chan struct{}) (int, bool) { return 0, false }

// Close has nothing to close.
func (*Exit) Close() {}
