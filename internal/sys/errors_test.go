//go:build unix

package sys

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// FreeBSD and DragonFly limit the entries by kern.maxfilesperproc alone.
func TestErrorOfTooManyEntriesNamesTheLimitOfTheSystem(t *testing.T) {
	limits := map[string]string{
		"linux": "RLIMIT_NOFILE", "openbsd": "RLIMIT_NOFILE", "freebsd": "kern.maxfilesperproc",
		"dragonfly": "kern.maxfilesperproc",
	}
	for goos, limit := range limits {
		err := pollError(goos, 5000, syscall.EINVAL)
		if !errors.Is(err, syscall.EINVAL) || !strings.HasSuffix(err.Error(), limit) || !strings.Contains(err.Error(), " 5000 ") {
			t.Errorf("%s: %v, want EINVAL with 5000 and %s", goos, err, limit)
		}
	}
	if err := pollError("linux", 5000, syscall.ENOMEM); err.Error() != "poll: "+syscall.ENOMEM.Error() {
		t.Errorf("error is %q, want ENOMEM alone", err)
	}
}

func TestIsDoesNotAllocate(t *testing.T) {
	err := error(NewError("epoll_ctl", 7, syscall.EBADF, "it is not open"))
	if n := testing.AllocsPerRun(100, func() {
		if errors.Is(err, os.ErrClosed) || !errors.Is(err, syscall.EBADF) {
			t.Error("errors.Is compares with something else")
		}
	}); n != 0 {
		t.Errorf("errors.Is allocates %v times", n)
	}
	if call, ok := errors.AsType[*os.SyscallError](err); !ok || call.Syscall != "epoll_ctl" {
		t.Errorf("the system call of %v is %v", err, call)
	}
}
