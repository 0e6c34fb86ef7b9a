package epoll_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// A program that closes all descriptors, and goes on to open others, gives the alarm's number to a stranger.
func TestCloseLeavesAStrangerWithTheAlarmsNumberAlone(t *testing.T) {
	poller, err := epoll.New()
	must(t, err)
	alarm := epoll.Waker(poller)
	r, _ := suite.Pipe(t)
	must(t, unix.Dup3(r, alarm, unix.O_CLOEXEC))
	suite.CloseAtEnd(t, alarm)
	must(t, poller.Close())
	if _, err := unix.FcntlInt(uintptr(alarm), unix.F_GETFD, 0); err != nil {
		t.Error("Close closed a descriptor that was not its own:", err)
	}
}
