package descriptor_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// If preadv2 and pwritev2 are missing or forbidden, TryRead and TryWrite use the descriptor's mode.
// Only a call that the kernel lacks is never tried again.
func TestSandboxWithoutCallsForFiles(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
		descriptor.ByMode(false)
		transferOverPairs(t)
		if given := descriptor.ByMode(false); given != (errno == unix.ENOSYS) {
			t.Errorf("given up: %v", given)
		}
	})
}

// If the calls for sockets are missing or forbidden, TryRead and TryWrite use those for files.
func TestSandboxWithoutCallsForSockets(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_RECVFROM, unix.SYS_SENDTO)
		transferOverPairs(t)
	})
}

func TestSandboxWithoutBoth(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_RECVFROM, unix.SYS_SENDTO, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
		transferOverPairs(t)
	})
}

func transferOverPairs(t *testing.T) {
	t.Helper()
	for name, pair := range pairs {
		r, w := pair(t)
		buffer := make([]byte, 8)
		if n, err := descriptor.TryRead(r, buffer); n != 0 || err != unix.EAGAIN {
			t.Errorf("%s: TryRead of nothing: %d, %v, want EAGAIN", name, n, err)
		}
		if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
			t.Fatalf("%s: TryWrite: %d, %v", name, n, err)
		}
		suite.Await(t, r, suite.In)
		if n, err := descriptor.TryRead(r, buffer); n != 5 || err != nil {
			t.Errorf("%s: TryRead: %d, %v", name, n, err)
		}
	}
}
