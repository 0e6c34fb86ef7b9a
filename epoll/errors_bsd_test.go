//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package epoll_test

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// exclusiveRefusals returns refusals of a registration with Exclusive.
func exclusiveRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	exclusive, _ := suite.Pipe(t)
	must(t, poller.Register(exclusive, epoll.In|epoll.Exclusive))
	return []refusal{{"modify an exclusive one", exclusive, poller.Modify(exclusive, epoll.In), unix.EINVAL}}
}

func TestFromFDOfADuplicate(t *testing.T) {
	first := newPoller(t)
	duplicate, err := unix.FcntlInt(uintptr(first.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	second, err := epoll.FromFD(duplicate)
	must(t, err)
	r, w := suite.Pipe(t)
	must(t, first.Register(r, epoll.In))
	suite.Write(t, w)
	if event := one(t, second); event.FD != int32(r) {
		t.Errorf("event is %+v", event)
	}
	must(t, second.Close())
	one(t, first)
}

func TestChildDoesNotInheritTheDescriptor(t *testing.T) {
	poller := newPoller(t)
	files := &syscall.ProcAttr{Files: []uintptr{uintptr(poller.FD())}}
	_, err := syscall.ForkExec("/no such program", nil, files)
	if !errors.Is(err, unix.EBADF) { // ENOENT follows if the child has the descriptor
		t.Errorf("ForkExec: %v, want EBADF", err)
	}
}

func TestDescriptorCannotBeSent(t *testing.T) {
	poller := newPoller(t)
	a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
	if err := unix.Sendmsg(a, []byte("x"), unix.UnixRights(poller.FD()), nil, 0); err == nil {
		t.Error("the descriptor is sent")
	}
}
