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

// place makes a place of an epoll that holds the reading end of a pipe.
func place(t *testing.T) (p *netpark.Parker, epfd, w int) {
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// looker looks into an epoll, counts how often, and at first does something besides.
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
	p, epfd, w := place(t)
	look, count := looker(t, epfd, func() {
		time.AfterFunc(5*time.Millisecond, func() { _, _ = unix.Write(w, []byte{1}) })
	})
	must(t, p.Park(look))
	if *count != 2 {
		t.Errorf("it looked %d times, want once before it parks and once after", *count)
	}
	// What is ready already is seen without parking.
	look, count = looker(t, epfd, func() {})
	must(t, p.Park(look))
	if *count != 1 {
		t.Errorf("it looked %d times, want once", *count)
	}
}

func TestUntil(t *testing.T) {
	p, epfd, w := place(t)
	for _, timeout := range []time.Duration{time.Nanosecond, 50 * time.Millisecond} {
		start := time.Now()
		look, _ := looker(t, epfd, func() { must(t, p.Until(timeout)) })
		must(t, p.Park(look))
		if took := time.Since(start); took < timeout {
			t.Errorf("a wait of %v was over after %v", timeout, took)
		}
	}
	// The next wait has no end of its own.
	start := time.Now()
	const pause = 10 * time.Millisecond
	look, _ := looker(t, epfd, func() {
		time.AfterFunc(pause, func() { _, _ = unix.Write(w, []byte{1}) })
	})
	must(t, p.Park(look))
	if took := time.Since(start); took < pause {
		t.Errorf("a wait was over after %v, and nothing had happened", took)
	}
}

func TestUnparkEndsPark(t *testing.T) {
	p, epfd, _ := place(t)
	for range 3 {
		look, count := looker(t, epfd, func() { time.AfterFunc(2*time.Millisecond, p.Unpark) })
		must(t, p.Park(look))
		if *count == 0 {
			t.Error("it did not look before it parked")
		}
	}
	// One that came while it looked is not missed.
	look, _ := looker(t, epfd, p.Unpark)
	must(t, p.Park(look))
}

func TestCloseEndsAWait(t *testing.T) {
	p, epfd, _ := place(t)
	look, _ := looker(t, epfd, func() { time.AfterFunc(2*time.Millisecond, func() { _ = p.Close() }) })
	if p.Park(look) == nil {
		t.Error("a wait that Close has ended is no error")
	}
	if p.Park(look) == nil {
		t.Error("a wait after Close is no error")
	}
	p.Unpark()
	// The epoll itself remains open.
	_, err := unix.EpollWait(epfd, make([]unix.EpollEvent, 1), 0)
	must(t, err)
}

// Where the runtime cannot poll, there is no place, and no descriptor is left open.
func TestNoPlace(t *testing.T) {
	for name, fd := range map[string]int{"regular file": suite.File(t), "closed": suite.ClosedFD(t)} {
		if p, err := netpark.New(fd); err == nil {
			t.Errorf("%s: there is a place", name)
			must(t, p.Close())
		}
	}
}

// The place's own descriptor is close-on-exec.
func TestCloseOnExec(t *testing.T) {
	before := open(t)
	place(t)
	for fd, flags := range open(t) {
		if _, was := before[fd]; !was && fd > 2 && flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d is inherited by children", fd)
		}
	}
}

// open is the flags of the descriptors that are open.
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
