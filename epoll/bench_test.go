//go:build linux

package epoll_test

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// The benchmarks compare the bare system call (raw), x/sys/unix and this package (iomux).

// watched returns a Poller with n registered descriptors. One of them is ready.
func watched(b *testing.B, n int) *epoll.Poller {
	poller := newPoller(b)
	ready, w := suite.Pipe(b)
	suite.Write(b, w)
	must(b, poller.Register(ready, epoll.In))
	idle, _ := suite.Pipe(b)
	for range n - 1 {
		must(b, poller.Register(suite.High(b, idle, 100), epoll.In))
	}
	return poller
}

// BenchmarkPoll measures a look, with one ready descriptor.
func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		poller := watched(b, n)
		b.Run(fmt.Sprintf("watched=%d/by=raw", n), func(b *testing.B) {
			var events [64]unix.EpollEvent
			for b.Loop() {
				if n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(poller.FD()), uintptr(unsafe.Pointer(&events[0])), 64, 0, 0, 0); n != 1 {
					b.Fatal(n)
				}
			}
		})
		b.Run(fmt.Sprintf("watched=%d/by=xsys", n), func(b *testing.B) {
			events := make([]unix.EpollEvent, 64)
			for b.Loop() {
				if n, err := unix.EpollWait(poller.FD(), events, 0); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
		b.Run(fmt.Sprintf("watched=%d/by=iomux", n), func(b *testing.B) {
			b.ReportAllocs()
			events := make([]epoll.Event, 64)
			for b.Loop() {
				if n, err := poller.Poll(events, 0); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkRegister measures Register and Unregister.
func BenchmarkRegister(b *testing.B) {
	poller := newPoller(b)
	r, _ := suite.Pipe(b)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(r)}
	b.Run("by=raw", func(b *testing.B) {
		for b.Loop() {
			for _, op := range []uintptr{unix.EPOLL_CTL_ADD, unix.EPOLL_CTL_DEL} {
				if _, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(poller.FD()), op, uintptr(r), uintptr(unsafe.Pointer(&event)), 0, 0); errno != 0 {
					b.Fatal(errno)
				}
			}
		}
	})
	b.Run("by=xsys", func(b *testing.B) {
		for b.Loop() {
			for _, op := range []int{unix.EPOLL_CTL_ADD, unix.EPOLL_CTL_DEL} {
				if err := unix.EpollCtl(poller.FD(), op, r, &event); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("by=iomux", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := poller.Register(r, epoll.In); err != nil {
				b.Fatal(err)
			}
			if err := poller.Unregister(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkModify measures a change of a registration.
func BenchmarkModify(b *testing.B) {
	poller := newPoller(b)
	r, _ := suite.Pipe(b)
	must(b, poller.Register(r, epoll.In))
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(r)}
	b.Run("by=raw", func(b *testing.B) {
		for b.Loop() {
			if _, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(poller.FD()), unix.EPOLL_CTL_MOD, uintptr(r), uintptr(unsafe.Pointer(&event)), 0, 0); errno != 0 {
				b.Fatal(errno)
			}
		}
	})
	b.Run("by=xsys", func(b *testing.B) {
		for b.Loop() {
			if err := unix.EpollCtl(poller.FD(), unix.EPOLL_CTL_MOD, r, &event); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=iomux", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := poller.Modify(r, epoll.In); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTimeout measures how late a timeout expires, in microseconds (late-µs).
func BenchmarkTimeout(b *testing.B) {
	poller := newPoller(b)
	for _, timeout := range []time.Duration{100 * time.Microsecond, 1500 * time.Microsecond, 3 * time.Millisecond} {
		b.Run(timeout.String(), func(b *testing.B) {
			events := make([]epoll.Event, 1)
			var late time.Duration
			for b.Loop() {
				start := time.Now()
				_, _ = poller.Poll(events, timeout)
				late += time.Since(start) - timeout
			}
			b.ReportMetric(float64(late.Microseconds())/float64(b.N), "late-µs")
		})
	}
}
