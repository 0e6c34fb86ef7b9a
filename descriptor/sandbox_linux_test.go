package descriptor_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// Where preadv2 and pwritev2 are missing or forbidden, TryRead and TryWrite go by the descriptor's mode. Only what the kernel
// does not know at all is not tried again.
func TestSandbox(t *testing.T) {
	suite.Sandbox(t, withoutNoWait)
}

func withoutNoWait(t *testing.T, errno unix.Errno) {
	suite.Forbid(t, errno, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
	descriptor.ByMode(false)
	for name, pair := range pairs {
		r, w := pair(t)
		buffer := make([]byte, 8)
		if n, err := descriptor.TryRead(r, buffer); n != 0 || err != unix.EAGAIN {
			t.Errorf("%s: TryRead of nothing: %d, %v, want EAGAIN", name, n, err)
		}
		if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
			t.Errorf("%s: TryWrite: %d, %v", name, n, err)
		}
		suite.Await(t, r, suite.In)
		if n, err := descriptor.TryRead(r, buffer); n != 5 || err != nil {
			t.Errorf("%s: TryRead: %d, %v", name, n, err)
		}
	}
	if given := descriptor.ByMode(false); given != (errno == unix.ENOSYS) {
		t.Errorf("given up: %v", given)
	}
}
