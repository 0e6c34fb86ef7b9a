package epoll_test

import (
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

func BenchmarkPoll(b *testing.B) {
	suite.BenchWait(b, func(sockets []int) func() (int, error) {
		poller := newPoller(b)
		for _, fd := range sockets {
			must(b, poller.Register(fd, epoll.In))
		}
		events := make([]epoll.Event, 8)
		return func() (int, error) { return poller.Poll(events, 0) }
	})
}
