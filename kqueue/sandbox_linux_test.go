package kqueue_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// FilterProc is unsupported if the kernel or a sandbox has no pidfd_open.
func TestSandboxWithoutPidfds(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		if errno == unix.EINVAL {
			t.Skip("the kernel returns this error for a thread")
		}
		suite.Forbid(t, errno, unix.SYS_PIDFD_OPEN)
		queue := newQueue(t)
		_, err := queue.Control([]kqueue.Event{watchExit(uint64(os.Getpid()))}, nil, 0)
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Control: %v, want an error that is errors.ErrUnsupported", err)
		}
	})
}
