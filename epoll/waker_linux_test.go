package epoll_test

import (
	"errors"
	"os"
	"testing"
	"time"

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

// Close ends a blocked Poll even if the program has closed the waker's number.
func TestCloseEndsAWaitAfterTheWakerWasClosed(t *testing.T) {
	poller, err := epoll.New()
	must(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := poller.Poll(make([]epoll.Event, 1), -1)
		done <- err
	}()
	time.Sleep(20 * time.Millisecond) // so that it waits
	r, _ := suite.Pipe(t)
	waker := epoll.Waker(poller)
	must(t, unix.Dup3(r, waker, unix.O_CLOEXEC))
	suite.CloseAtEnd(t, waker)
	must(t, poller.Close())
	select {
	case err := <-done:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("Poll: %v, want os.ErrClosed", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Close did not end the wait")
	}
}
