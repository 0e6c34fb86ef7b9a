//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package porting

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func kqueueOfUnix(fd int, handle func(fd int32)) error {
	// begin
	kq, err := unix.Kqueue()
	if err != nil {
		return err
	}
	defer unix.Close(kq)
	changes := make([]unix.Kevent_t, 1)
	unix.SetKevent(&changes[0], fd, unix.EVFILT_READ, unix.EV_ADD)
	events := make([]unix.Kevent_t, 64)
	timeout := unix.NsecToTimespec(500e6)
	n, err := unix.Kevent(kq, changes, events, &timeout)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		if event.Flags&unix.EV_ERROR != 0 {
			return syscall.Errno(event.Data)
		}
		handle(int32(event.Ident))
	}
	// end
	return nil
}

func TestKqueueOfUnixReportsReadyDescriptor(t *testing.T) {
	t.Parallel()
	wantHandled(t, kqueueOfUnix)
}
