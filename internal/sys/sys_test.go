//go:build unix

package sys_test

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// neverEarly tests a single call, because repeated calls would hide that the timeout was rounded
// down.
func neverEarly(t *testing.T, call func(time.Duration) syscall.Errno) {
	t.Helper()
	for _, timeout := range []time.Duration{
		time.Nanosecond, 1001, 500 * time.Microsecond, 1500 * time.Microsecond, 3100 * time.Microsecond,
	} {
		start := time.Now()
		errno := call(timeout)
		if took := time.Since(start); errno != syscall.EINTR && took < timeout {
			t.Errorf("a call with timeout %v returned after %v", timeout, took)
		}
	}
}

func TestPollAndSelectAreNeverEarly(t *testing.T) {
	t.Run("poll", func(t *testing.T) {
		neverEarly(t, func(timeout time.Duration) syscall.Errno {
			_, errno := sys.Poll(nil, timeout)
			return errno
		})
	})
	t.Run("select", func(t *testing.T) {
		neverEarly(t, func(timeout time.Duration) syscall.Errno {
			_, errno := sys.Select(0, nil, nil, nil, timeout)
			return errno
		})
	})
}

func TestInfiniteLimitIsZero(t *testing.T) {
	if got := sys.Finite(unix.RLIM_INFINITY); got != 0 {
		t.Errorf("the limit of infinity is %d, want 0", got)
	}
	if got := sys.Finite(1024); got != 1024 {
		t.Errorf("the limit of 1024 is %d", got)
	}
}
