//go:build unix

package poll_test

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/poll"
)

// BenchmarkWait polls n descriptors, the last of which is ready. It compares the bare call in
// internal/sys (raw), x/sys/unix, Wait and a Poller.
func BenchmarkWait(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		fds := make([]poll.FD, n)
		poller := poll.New()
		idle, _ := suite.Pipe(b)
		ready, w := suite.Pipe(b)
		suite.Write(b, w)
		for i := range fds {
			fd := suite.High(b, idle, 100)
			if i == n-1 {
				fd = ready
			}
			fds[i] = poll.FD{FD: int32(fd), Events: poll.In}
			must(b, poller.Register(fd, poll.In))
		}
		first := unsafe.Pointer(&fds[0])
		run := func(by string, wait func() (int, error)) {
			b.Run(fmt.Sprintf("watched=%d/by=%s", n, by), func(b *testing.B) { benchmark(b, wait) })
		}
		bare := unsafe.Slice((*sys.PollFD)(first), n)
		xsys := unsafe.Slice((*unix.PollFd)(first), n)
		events := make([]poll.Event, n)
		run("raw", func() (int, error) { n, _ := sys.Poll(bare, 0); return n, nil })
		run("xsys", func() (int, error) { return unix.Poll(xsys, 0) })
		run("iomux", func() (int, error) { return poll.Wait(fds, 0) })
		run("iomux-object", func() (int, error) { return poller.Poll(events, 0) })
	}
}

func benchmark(b *testing.B, wait func() (int, error)) {
	b.ReportAllocs()
	for b.Loop() {
		if n, err := wait(); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkTimeout measures how late a wait returns, as the metric late-µs.
func BenchmarkTimeout(b *testing.B) {
	for _, timeout := range []time.Duration{100 * time.Microsecond, 1500 * time.Microsecond, 3 * time.Millisecond} {
		b.Run(timeout.String(), func(b *testing.B) {
			var late time.Duration
			for b.Loop() {
				start := time.Now()
				_, _ = poll.Wait(nil, timeout)
				late += time.Since(start) - timeout
			}
			b.ReportMetric(float64(late.Microseconds())/float64(b.N), "late-µs")
		})
	}
}
