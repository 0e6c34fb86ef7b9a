package descriptor_test

import (
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/suite"
)

// Where preadv2 and pwritev2 are missing or forbidden, TryRead and TryWrite go by the descriptor's mode. Only what the kernel
// does not know at all is not tried again.
func TestSandbox(t *testing.T) {
	if part := suite.Part(); part != "" {
		number, err := strconv.Atoi(part)
		must(t, err)
		withoutNoWait(t, unix.Errno(number))
		return
	}
	if name := suite.Emulator(); name != "" {
		t.Skip(name, "takes no filters of system calls")
	}
	for _, errno := range []unix.Errno{unix.ENOSYS, unix.EPERM, unix.EINVAL} {
		if output, err := suite.Child(t, strconv.Itoa(int(errno))); err != nil {
			t.Errorf("%v: %v\n%s", errno, err, output)
		}
	}
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
		suite.Await(t, r, unix.POLLIN)
		if n, err := descriptor.TryRead(r, buffer); n != 5 || err != nil {
			t.Errorf("%s: TryRead: %d, %v", name, n, err)
		}
	}
	if given := descriptor.ByMode(false); given != (errno == unix.ENOSYS) {
		t.Errorf("given up: %v", given)
	}
}
