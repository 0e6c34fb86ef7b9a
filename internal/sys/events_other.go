//go:build !linux

package sys

import (
	"errors"
	"os"
	"time"
)

// NewTimer fails: this system's timers are no descriptors.
func NewTimer(time.Duration) (int, error) { return -1, errors.ErrUnsupported }

// Expirations is 0.
func Expirations(int) int { return 0 }

// NewProcess fails: this system's processes are no descriptors.
func NewProcess(*os.Process) (int, error) { return -1, errors.ErrUnsupported }

// ExitStatus is unknown.
func ExitStatus(int) (int, bool) { return 0, false }

// CloseFD has nothing to close.
func CloseFD(int) {}
