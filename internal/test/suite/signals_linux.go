package suite

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bombard locks the caller to its thread, and sends signals to that thread until stop is called.
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
