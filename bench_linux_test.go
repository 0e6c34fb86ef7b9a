package iomux_test

import (
	"context"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/test/suite"
)

// BenchmarkReady measures one call that takes a ready event: a raw system call (Raw), the call of
// x/sys, package epoll and a Poller. Compare only results of one run.

// oneReady returns n eventfds, of which the first is readable.
func oneReady(b *testing.B, n int) []int {
	b.Helper()
	fds := make([]int, n)
	for i := range fds {
		fd, err := unix.Eventfd(uint(max(0, 1-i)), unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			b.Fatal(err)
		}
		suite.CloseAtEnd(b, fd)
		fds[i] = fd
	}
	return fds
}

func kernelEpoll(b *testing.B, fds []int) int {
	b.Helper()
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	suite.CloseAtEnd(b, epfd)
	for _, fd := range fds {
		if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			b.Fatal(err)
		}
	}
	return epfd
}

func readyPoller(b *testing.B, fds []int, opts ...iomux.Option) *iomux.Poller[int] {
	b.Helper()
	p := poller(b, opts)
	for _, fd := range fds {
		if _, err := p.RegisterFD(fd, iomux.Readable, fd); err != nil {
			b.Fatal(err)
		}
	}
	return p
}

func BenchmarkReady(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		if n > 1 && testing.Short() {
			continue
		}
		fds := oneReady(b, n)
		b.Run("Raw/"+strconv.Itoa(n), func(b *testing.B) {
			epfd, events := kernelEpoll(b, fds), make([]unix.EpollEvent, 64)
			for b.Loop() {
				_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])),
					uintptr(len(events)), 0, 0, 0)
			}
		})
		b.Run("XSys/"+strconv.Itoa(n), func(b *testing.B) {
			epfd, events := kernelEpoll(b, fds), make([]unix.EpollEvent, 64)
			for b.Loop() {
				_, _ = unix.EpollWait(epfd, events, 0)
			}
		})
		b.Run("Epoll/"+strconv.Itoa(n), func(b *testing.B) {
			p, err := epoll.New()
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = p.Close() }()
			for _, fd := range fds {
				if err := p.Register(fd, epoll.In); err != nil {
					b.Fatal(err)
				}
			}
			events := make([]epoll.Event, 64)
			for b.Loop() {
				_, _ = p.Poll(events, 0)
			}
		})
		b.Run("Poller/"+strconv.Itoa(n), func(b *testing.B) {
			p, events := readyPoller(b, fds), make([]iomux.Event[int], 64)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.WaitTimeout(events, 0)
			}
		})
		b.Run("PollerBackground/"+strconv.Itoa(n), func(b *testing.B) {
			p, events := readyPoller(b, fds), make([]iomux.Event[int], 64)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Wait(context.Background(), events)
			}
		})
	}
}

func BenchmarkRegisterUnregister(b *testing.B) {
	fd, _ := suite.Pipe(b)
	b.Run("Raw", func(b *testing.B) {
		epfd := kernelEpoll(b, nil)
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		for b.Loop() {
			_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
			_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), unix.EPOLL_CTL_DEL, uintptr(fd), 0, 0, 0)
		}
	})
	b.Run("Poller", func(b *testing.B) {
		p := poller(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			r, err := p.RegisterFD(fd, iomux.Readable, fd)
			if err != nil {
				b.Fatal(err)
			}
			_ = r.Unregister()
		}
	})
}

func BenchmarkModify(b *testing.B) {
	fd, _ := suite.Pipe(b)
	b.Run("Raw", func(b *testing.B) {
		epfd := kernelEpoll(b, []int{fd})
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		for b.Loop() {
			_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), unix.EPOLL_CTL_MOD, uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
		}
	})
	b.Run("Poller", func(b *testing.B) {
		p := poller(b, nil)
		r, err := p.RegisterFD(fd, iomux.Readable, fd)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			_ = r.Modify(iomux.Readable)
		}
	})
}
