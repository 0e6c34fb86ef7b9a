//go:build unix && !linux

package suite

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bombard sends the process signals until stop is called. Which thread they interrupt is the
// system's choice.
func bombard(t testing.TB) (stop func()) {
	t.Helper()
	return every(t, time.Millisecond, func() error { return unix.Kill(unix.Getpid(), unix.SIGUSR1) })
}
