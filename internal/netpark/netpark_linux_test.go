package netpark_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/netpark"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

// newParker returns a Parker of an epoll on which the reading end of a pipe is registered.
func newParker(t *testing.T) (p *netpark.Parker, epfd, w int) {
	t.Helper()
	r, w := suite.Pipe(t)
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(t, err)
	suite.CloseAtEnd(t, epfd)
	must(t, unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, r, &unix.EpollEvent{Events: unix.EPOLLIN}))
	p, err = netpark.New(epfd)
	must(t, err)
	t.Cleanup(func() { _ = p.Close() }) // a test may have closed it
	return p, epfd, w
}

var must = suite.Must

// looker returns a look function that polls the epoll, and the number of its calls. The first call
// also runs first.
func looker(t *testing.T, epfd int, first func()) (look func(uintptr) bool, count *int) {
	count = new(int)
	return func(uintptr) bool {
		if *count++; *count == 1 {
			first()
		}
		n, err := unix.EpollWait(epfd, make([]unix.EpollEvent, 1), 0)
		if err != nil {
			t.Error("epoll_wait:", err)
		}
		return n != 0
	}, count
}

func TestParksUntilReadable(t *testing.T) {
	p, epfd, w := newParker(t)
	look, count := looker(t, epfd, func() {
		time.AfterFunc(5*time.Millisecond, func() { _, _ = unix.Write(w, []byte{1}) })
	})
	must(t, p.Park(look))
	if *count != 2 {
		t.Errorf("Park called look %d times, want 2: before and after it parked", *count)
	}
	// If the epoll is already readable, Park does not park.
	look, count = looker(t, epfd, func() {})
	must(t, p.Park(look))
	if *count != 1 {
		t.Errorf("Park called look %d times, want 1", *count)
	}
}

func TestDeadlineEndsPark(t *testing.T) {
	p, epfd, w := newParker(t)
	for _, timeout := range []time.Duration{time.Nanosecond, 50 * time.Millisecond} {
		start := time.Now()
		look, _ := looker(t, epfd, func() { must(t, p.Deadline(timeout)) })
		must(t, p.Park(look))
		if took := time.Since(start); took < timeout {
			t.Errorf("Park with a deadline of %v returned after %v", timeout, took)
		}
	}
	// The next Park has no deadline.
	start := time.Now()
	const pause = 10 * time.Millisecond
	look, _ := looker(t, epfd, func() {
		time.AfterFunc(pause, func() { _, _ = unix.Write(w, []byte{1}) })
	})
	must(t, p.Park(look))
	if took := time.Since(start); took < pause {
		t.Errorf("Park without a deadline returned after %v, before the descriptor was readable", took)
	}
}

func TestUnparkEndsPark(t *testing.T) {
	p, epfd, _ := newParker(t)
	for range 3 {
		look, count := looker(t, epfd, func() { time.AfterFunc(2*time.Millisecond, p.Unpark) })
		must(t, p.Park(look))
		if *count == 0 {
			t.Error("Park did not call look before it parked")
		}
	}
	// An Unpark during look is not lost.
	look, _ := looker(t, epfd, p.Unpark)
	must(t, p.Park(look))
}

func TestCloseEndsPark(t *testing.T) {
	p, epfd, _ := newParker(t)
	look, _ := looker(t, epfd, func() { time.AfterFunc(2*time.Millisecond, func() { _ = p.Close() }) })
	if p.Park(look) == nil {
		t.Error("Park returns nil although Close ended it")
	}
	if p.Park(look) == nil {
		t.Error("Park returns nil after Close")
	}
	p.Unpark()
	// The epoll itself remains open.
	_, err := unix.EpollWait(epfd, make([]unix.EpollEvent, 1), 0)
	must(t, err)
}

// New fails for files that the netpoller does not accept, and leaves no descriptor open.
func TestNewFailsOutsideTheNetpoller(t *testing.T) {
	for name, fd := range map[string]int{"regular file": suite.File(t), "closed": suite.ClosedFD(t)} {
		if p, err := netpark.New(fd); err == nil {
			t.Errorf("%s: New succeeds", name)
			must(t, p.Close())
		}
	}
}

// The Parker's duplicate is close-on-exec.
func TestDuplicateIsCloseOnExec(t *testing.T) {
	before := open(t)
	newParker(t)
	for fd, flags := range open(t) {
		if _, was := before[fd]; !was && fd > 2 && flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d is inherited by children", fd)
		}
	}
}

// open returns the flags of all open descriptors.
func open(t *testing.T) map[int]int {
	t.Helper()
	all := make(map[int]int)
	for fd := range 1000 {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			all[fd] = flags
		}
	}
	return all
}
