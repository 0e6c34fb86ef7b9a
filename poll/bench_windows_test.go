package poll_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/internal/suite"
	"iomux/poll"
)

// BenchmarkWait is a wait that does not wait, on n sockets of which the last is ready.
func BenchmarkWait(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 3000} {
		fds := make([]poll.FD, n)
		for i := range fds {
			fd := suite.Socket(b, windows.SOCK_DGRAM)
			address := suite.Bind(b, fd)
			fds[i] = poll.FD{FD: int32(fd), Events: poll.In}
			if i == n-1 {
				suite.SendTo(b, fd, address)
				suite.Await(b, fd, suite.In)
			}
		}
		b.Run(fmt.Sprintf("watched=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := poll.Wait(fds, 0); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
