package suite

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bombard sends signals to the caller's thread, which it stays on, until stop is called.
func bombard(t testing.TB) (stop func()) {
	t.Helper()
	runtime.LockOSThread()
	thread := unix.Gettid()
	send := func() error { return unix.Tgkill(unix.Getpid(), thread, unix.SIGUSR1) }
	end := every(t, time.Millisecond, send)
	return func() {
		end()
		runtime.UnlockOSThread()
	}
}
