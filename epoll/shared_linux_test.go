package epoll_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// secondPoller returns a second Poller of the same epoll.
func secondPoller(t testing.TB, first *epoll.Poller) *epoll.Poller {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(first.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	second, err := epoll.FromFD(fd)
	must(t, err)
	t.Cleanup(func() { _ = second.Close() }) // the test may have closed it
	return second
}

// waitInBackground starts a Poll without a timeout, and returns a channel with its error.
func waitInBackground(poller *epoll.Poller, events []epoll.Event) chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := poller.Poll(events, -1)
		ended <- err
	}()
	return ended
}

// isSilent checks that a short wait returns no event and does not return early.
func isSilent(t testing.TB, poller *epoll.Poller) {
	t.Helper()
	const moment = 50 * time.Millisecond
	start := time.Now()
	n, err := poller.Poll(make([]epoll.Event, 4), moment)
	if took := time.Since(start); n != 0 || err != nil || took < moment {
		t.Errorf("Poll: %d, %v after %v, want none after %v", n, err, took, moment)
	}
}

// A second Poller of one number must not use it after the first was closed.
func TestPollersOfOneNumber(t *testing.T) {
	poller := newPoller(t)
	fd := poller.FD()
	same, err := epoll.FromFD(fd)
	must(t, err)
	r, w := suite.Pipe(t)
	must(t, same.Register(r, epoll.In))
	suite.Write(t, w)
	if event := one(t, poller); event.FD != int32(r) {
		t.Errorf("event is %v, want one of %d", event, r)
	}
	suite.Drain(t, r)
	first := waitInBackground(poller, make([]epoll.Event, 1))
	second := waitInBackground(same, make([]epoll.Event, 1))
	waitUntilWaiting(t, 2)
	must(t, same.Close())
	isError(t, "the closed Poller's wait", <-second, os.ErrClosed)
	isError(t, "the other's wait", <-first, unix.EBADF)
	next := suite.Duplicate(t, r, fd) // it has the number, unless something else was faster
	suite.CloseAtEnd(t, next)
	_, err = poller.Poll(make([]epoll.Event, 1), 0)
	isError(t, "Poll", err, unix.EBADF)
	isError(t, "Register", poller.Register(w, epoll.Out), unix.EBADF)
	isError(t, "Close", poller.Close(), unix.EBADF)
	isError(t, "a second Close", poller.Close(), os.ErrClosed)
	isError(t, "a second Close of the closed Poller", same.Close(), os.ErrClosed)
	if !sys.IsOpen(next) || poller.FD() >= 0 {
		t.Error("the number of another file was used")
	}
}

func isError(t *testing.T, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", call, err, want)
	}
}

// The program closes an epoll behind its Poller, and opens another one with the number.
func TestFromFDOfAReusedNumber(t *testing.T) {
	old := newPoller(t)
	fd := old.FD()
	other, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(t, err)
	must(t, unix.Dup3(other, fd, unix.O_CLOEXEC))
	must(t, unix.Close(other))
	fresh, err := epoll.FromFD(fd)
	must(t, err)
	closeWhileWaiting(t, fresh)
	isError(t, "Close of the first", old.Close(), unix.EBADF)
}

// closeWhileWaiting closes the poller while a Poll waits, which must return os.ErrClosed.
func closeWhileWaiting(t *testing.T, poller *epoll.Poller) {
	t.Helper()
	ended := waitInBackground(poller, make([]epoll.Event, 1))
	waitUntilWaiting(t, 1)
	must(t, poller.Close())
	isError(t, "the wait", <-ended, os.ErrClosed)
}

func TestClosingOneOfTwoPollersDoesNotWakeTheOther(t *testing.T) {
	first := newPoller(t)
	second := secondPoller(t, first)
	closeWhileWaiting(t, first)
	isSilent(t, second)
}

// A child between fork and exec has a duplicate of every descriptor, so closing the waker is not
// enough.
func TestCloseRemovesTheWakerFromASharedEpoll(t *testing.T) {
	before := openBelow(1000)
	first := newPoller(t)
	waker := -1
	for fd := range openBelow(1000) {
		if _, old := before[fd]; !old && fd != first.FD() {
			waker = fd
		}
	}
	inherited, err := unix.FcntlInt(uintptr(waker), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, inherited)
	second := secondPoller(t, first)
	closeWhileWaiting(t, first)
	events := make([]unix.EpollEvent, 2)
	if n, err := unix.EpollWait(second.FD(), events, 0); n != 0 || err != nil {
		t.Errorf("left in the epoll are %v, %v", events[:max(n, 0)], err)
	}
}

// The waker of a closed Poller is readable until its waiters have left.
func TestWakerOfAnotherPollerIsNotReported(t *testing.T) {
	poller := newPoller(t)
	waker, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	must(t, err)
	suite.CloseAtEnd(t, waker)
	if errno := sys.EpollControl(poller.FD(), sys.EpollAdd, waker, uint32(epoll.In), epoll.WakerData); errno != 0 {
		t.Fatal(errno)
	}
	none(t, poller)
	isSilent(t, poller)

	r, w := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	suite.Write(t, w)
	for range 3 { // the event is reported before or after the waker's
		if event := one(t, poller); event.FD != int32(r) {
			t.Errorf("event is %v, want one of %d", event, r)
		}
	}
	for _, timeout := range []time.Duration{0, 1, soon} {
		if n, err := poller.Poll(make([]epoll.Event, 1), timeout); n != 1 || err != nil {
			t.Errorf("Poll of %v with room for one: %d, %v", timeout, n, err)
		}
	}
}

func TestTwoPollersOfAnEpollCloseAtOnce(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		first := newPoller(t)
		second := secondPoller(t, first)
		one, other := waitInBackground(first, make([]epoll.Event, 1)), waitInBackground(second, make([]epoll.Event, 1))
		closed := make(chan error)
		go func() { closed <- first.Close() }()
		must(t, second.Close())
		must(t, <-closed)
		for _, ended := range []chan error{one, other} {
			if err := <-ended; !errors.Is(err, os.ErrClosed) {
				t.Fatalf("Poll: %v, want os.ErrClosed", err)
			}
		}
	}
}

// A one-shot event comes once. If Close is called at the same time, the event is reported or stays
// in the epoll.
func TestEventsAreReportedOnceDespiteClose(t *testing.T) {
	for range 300 {
		poller := newPoller(t)
		rest, err := unix.FcntlInt(uintptr(poller.FD()), unix.F_DUPFD_CLOEXEC, 0)
		must(t, err)
		r, w := suite.Pipe(t)
		must(t, poller.Register(r, epoll.In|epoll.OneShot))
		reported := make(chan int)
		go func() {
			n, err := poller.Poll(make([]epoll.Event, 2), -1)
			if (n == 0) != errors.Is(err, os.ErrClosed) {
				t.Errorf("Poll: %d, %v", n, err)
			}
			reported <- n
		}()
		time.Sleep(100 * time.Microsecond) // usually it is waiting after that
		suite.Write(t, w)
		must(t, poller.Close())
		count := <-reported
		left, err := unix.EpollWait(rest, make([]unix.EpollEvent, 2), 0)
		must(t, err)
		if count += left; count != 1 {
			t.Fatalf("an event was reported %d times", count)
		}
		for _, fd := range []int{rest, r, w} {
			suite.Close(t, fd)
		}
	}
}
