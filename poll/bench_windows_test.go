package poll_test

import (
	"testing"

	"iomux/internal/test/suite"
	"iomux/poll"
)

func BenchmarkWait(b *testing.B) {
	suite.BenchWait(b, func(sockets []int) func() (int, error) {
		var fds []poll.FD
		for _, fd := range sockets {
			fds = append(fds, poll.FD{FD: int32(fd), Events: poll.In})
		}
		return func() (int, error) { return poll.Wait(fds, 0) }
	})
}
