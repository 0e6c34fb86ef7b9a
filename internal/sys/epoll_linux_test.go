package sys_test

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

func TestOneEpollWaitIsNeverEarly(t *testing.T) {
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
