//go:build unix && !linux

package suite

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bombard sends signals to the process until stop is called. The system chooses the thread.
func bombard(t testing.TB) (stop func()) {
	t.Helper()
	return every(t, time.Millisecond, func() error { return unix.Kill(unix.Getpid(), unix.SIGUSR1) })
}
