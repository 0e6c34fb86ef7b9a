//go:build unix

package devpoll_test

import (
	"fmt"
	"testing"

	"iomux/devpoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// BenchmarkPoll polls n descriptors, one of which is ready. It compares the default Poller, one
// that uses poll(2) alone, and the bare poll(2) in internal/sys (raw).
func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		pollers := map[string]*devpoll.Poller{"iomux": open(b, "default"), "iomux-poll": open(b, "by poll")}
		idle, _ := suite.Pipe(b)
		ready, w := suite.Pipe(b)
		suite.Write(b, w)
		list := make([]sys.PollFD, n)
		for i := range list {
			fd := suite.High(b, idle, 100)
			if i == n-1 {
				fd = ready
			}
			list[i] = sys.PollFD{FD: int32(fd), Events: sys.PollIn}
			for _, poller := range pollers {
				must(b, poller.Register(fd, devpoll.In))
			}
		}
		run := func(by string, wait func() (int, error)) {
			b.Run(fmt.Sprintf("watched=%d/by=%s", n, by), func(b *testing.B) { benchmark(b, wait) })
		}
		run("raw", func() (int, error) { n, _ := sys.Poll(list, 0); return n, nil })
		events := make([]devpoll.Event, n)
		for by, poller := range pollers {
			run(by, func() (int, error) { return poller.Poll(events, 0) })
		}
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

// BenchmarkChange registers, modifies and unregisters a descriptor besides n others.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{1, 1000} {
		poller := open(b, "default")
		r, _ := suite.Pipe(b)
		for range n {
			must(b, poller.Register(suite.High(b, r, 100), devpoll.In))
		}
		b.Run(fmt.Sprintf("watched=%d/op=register+unregister", n), func(b *testing.B) {
			for b.Loop() {
				must(b, poller.Register(r, devpoll.In))
				must(b, poller.Unregister(r))
			}
		})
		must(b, poller.Register(r, devpoll.In))
		b.Run(fmt.Sprintf("watched=%d/op=modify", n), func(b *testing.B) {
			for b.Loop() {
				must(b, poller.Modify(r, devpoll.In))
			}
		})
	}
}
