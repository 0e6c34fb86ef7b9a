package kqueue_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// BenchmarkBareEpollWait measures the system call of Control alone, with one ready event.

func BenchmarkBareEpollWait(b *testing.B) {
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(b, err)
	suite.CloseAtEnd(b, epoll)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(r)}
	must(b, unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, r, &event))
	events := make([]unix.EpollEvent, 8)
	for b.Loop() {
		if n, errno := sys.EpollWait(epoll, unsafe.Pointer(&events[0]), len(events), 0); n != 1 || errno != 0 {
			b.Fatal(n, errno)
		}
	}
}

// BenchmarkBareEpollWait64 measures the system call alone, with 64 ready descriptors.
func BenchmarkBareEpollWait64(b *testing.B) {
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(b, err)
	suite.CloseAtEnd(b, epoll)
	for range 64 {
		twin := suite.Duplicate(b, r, 0)
		suite.CloseAtEnd(b, twin)
		must(b, unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, twin, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(twin)}))
	}
	events := make([]unix.EpollEvent, 64)
	for b.Loop() {
		if n, errno := sys.EpollWait(epoll, unsafe.Pointer(&events[0]), len(events), 0); n != 64 || errno != 0 {
			b.Fatal(n, errno)
		}
	}
}

func BenchmarkBareEdge(b *testing.B) {
	r, w := suite.Pipe(b)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(b, err)
	suite.CloseAtEnd(b, epoll)
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(r)}
	must(b, unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, r, &event))
	events := make([]unix.EpollEvent, 8)
	writeAndWait(b, r, w, func() bool {
		n, errno := sys.EpollWait(epoll, unsafe.Pointer(&events[0]), len(events), 0)
		return n == 1 && errno == 0
	})
}

// writeAndWait measures writing a byte, its report and reading it.
func writeAndWait(b *testing.B, r, w int, reported func() bool) {
	one := make([]byte, 1)
	for b.Loop() {
		_, err := unix.Write(w, one)
		must(b, err)
		if !reported() {
			b.Fatal("the byte was not reported")
		}
		_, err = unix.Read(r, one)
		must(b, err)
	}
}
