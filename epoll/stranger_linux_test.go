package epoll_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// A program that closes all descriptors and opens others gives the waker's number to another file.
func TestCloseLeavesAnotherFileWithTheWakersNumberOpen(t *testing.T) {
	poller, err := epoll.New()
	must(t, err)
	waker := epoll.Waker(poller)
	r, _ := suite.Pipe(t)
	must(t, unix.Dup3(r, waker, unix.O_CLOEXEC))
	suite.CloseAtEnd(t, waker)
	must(t, poller.Close())
	if _, err := unix.FcntlInt(uintptr(waker), unix.F_GETFD, 0); err != nil {
		t.Error("Close closed another file's descriptor:", err)
	}
}
