//go:build unix

package porting

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func compareErrors(err error) (again bool, errno syscall.Errno) {
	// begin
	again = err == unix.EAGAIN
	errno, _ = err.(syscall.Errno)
	// end
	return again, errno
}

func pollOfUnix(fd int, handle func(fd int32)) error {
	// begin
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, 500); err != nil {
		return err
	}
	if fds[0].Revents != 0 {
		handle(fds[0].Fd)
	}
	// end
	return nil
}

func selectOfUnix(fd int, handle func(fd int32)) error {
	// begin
	var readers unix.FdSet
	readers.Set(fd)
	timeout := unix.NsecToTimeval(500e6)
	if _, err := unix.Select(fd+1, &readers, nil, nil, &timeout); err != nil {
		return err
	}
	if readers.IsSet(fd) {
		handle(int32(fd))
	}
	// end
	return nil
}

func TestBareErrorsAreCompared(t *testing.T) {
	t.Parallel()
	again, errno := compareErrors(syscall.EAGAIN)
	if !again || errno != syscall.EAGAIN {
		t.Errorf("compareErrors = %v, %v, want true, EAGAIN", again, errno)
	}
}

func TestPollOfUnixReportsReadyDescriptor(t *testing.T) {
	t.Parallel()
	wantHandled(t, pollOfUnix)
}

func TestSelectOfUnixReportsReadyDescriptor(t *testing.T) {
	t.Parallel()
	wantHandled(t, selectOfUnix)
}
