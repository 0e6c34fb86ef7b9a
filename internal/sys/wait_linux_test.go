package sys_test

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

func TestEpollWaitIsNeverEarly(t *testing.T) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(epfd) }()
	for name, coarse := range map[string]bool{"epoll_pwait2": false, "epoll_pwait": true} {
		t.Run(name, func(t *testing.T) {
			defer sys.CoarseEpoll(sys.CoarseEpoll(coarse))
			neverEarly(t, func(timeout time.Duration) unix.Errno {
				var event unix.EpollEvent
				_, errno := sys.EpollWait(epfd, unsafe.Pointer(&event), 1, timeout)
				return errno
			})
		})
	}
}

// newEpoll returns an epoll and an eventfd that is readable.
func newEpoll(t *testing.T) (epfd, readable int) {
	t.Helper()
	epfd, err := sys.EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(epfd) })
	if readable, err = unix.Eventfd(1, unix.EFD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(readable) })
	return epfd, readable
}

func TestEpollControlPassesEventsAndData(t *testing.T) {
	epfd, fd := newEpoll(t)
	const data = 0x0123456789abcdef
	for _, step := range []struct {
		op     int
		events uint32
		data   uint64
	}{
		{sys.EpollAdd, unix.EPOLLIN, data}, {sys.EpollModify, unix.EPOLLIN | unix.EPOLLOUT, ^uint64(data)},
		{sys.EpollModify, unix.EPOLLOUT, sys.EpollData(-2, 0xfedcba98)},
	} {
		if errno := sys.EpollControl(epfd, step.op, fd, step.events, step.data); errno != 0 {
			t.Fatal("epoll_ctl:", errno)
		}
		var event unix.EpollEvent
		n, errno := sys.EpollLook(epfd, unsafe.Pointer(&event), 1)
		if n != 1 || errno != 0 || event.Events != step.events || sys.EpollData(event.Fd, uint32(event.Pad)) != step.data {
			t.Errorf("%+v: %d events, %v, %+v", step, n, errno, event)
		}
	}
	if errno := sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0); errno != 0 {
		t.Fatal("epoll_ctl:", errno)
	}
	if errno := sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0); errno != unix.ENOENT {
		t.Errorf("removed twice: %v, want ENOENT", errno)
	}
}

func TestEpollControlDoesNotTruncateNumbers(t *testing.T) {
	epfd, fd := newEpoll(t)
	for _, wrong := range []int{-1, math.MinInt, math.MinInt32, math.MaxInt, math.MaxInt&^math.MaxInt32 | fd} {
		if wrong == fd {
			continue // on 32-bit machines
		}
		if errno := sys.EpollControl(epfd, sys.EpollAdd, wrong, unix.EPOLLIN, 0); errno != unix.EBADF {
			t.Errorf("descriptor %d: %v, want EBADF", wrong, errno)
		}
	}
}

func TestEpollControlDoesNotAllocate(t *testing.T) {
	epfd, fd := newEpoll(t)
	if n := testing.AllocsPerRun(100, func() {
		_ = sys.EpollControl(epfd, sys.EpollAdd, fd, unix.EPOLLIN, sys.EpollData(int32(fd), 1))
		_ = sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0)
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
