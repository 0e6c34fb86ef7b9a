//go:build unix

package sys

import (
	"syscall"
	"testing"
	"time"
)

func TestKernelThatIgnoresRdHupIsNoticed(t *testing.T) {
	older := func(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
		events := fds[0].Events
		fds[0].Events &^= PollRdHup
		n, errno := Poll(fds, timeout)
		fds[0].Events = events
		return n, errno
	}
	failing := func([]PollFD, time.Duration) (int, syscall.Errno) { return 0, syscall.ENOMEM }
	if !ignoresRdHup(older) {
		t.Error("a kernel that does not report RdHup seems to have it")
	}
	if ignoresRdHup(failing) {
		t.Error("a call that fails seems to ignore RdHup")
	}
	if PollRdHup != PollAbsent && ignoresRdHup(Poll) != pollIgnoresRdHup() {
		t.Error("PollRdHup of this kernel is not what it seems")
	}
}

func TestMissingEventsAreNamed(t *testing.T) {
	never, always := func() bool { return false }, func() bool { return true }
	if got := pollLacks(PollIn|PollRdHup, always); got == "" {
		t.Error("RdHup is not missing, although the kernel ignores it")
	}
	if got := pollLacks(PollIn|PollOut, always); got != "" {
		t.Errorf("%s is missing, although it was not requested", got)
	}
	if got := pollLacks(PollRdHup, never); (got == "") != (PollRdHup != PollAbsent) {
		t.Errorf("%q is missing", got)
	}
}
