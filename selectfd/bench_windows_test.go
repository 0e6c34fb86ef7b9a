package selectfd_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/internal/suite"
	"iomux/selectfd"
)

// BenchmarkWait is a wait that does not wait, on a set of n sockets, filled anew each time, of which the last is ready.
func BenchmarkWait(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 3000} {
		fds := make([]int, n)
		for i := range fds {
			fds[i] = suite.Socket(b, windows.SOCK_DGRAM)
			address := suite.Bind(b, fds[i])
			if i == n-1 {
				suite.SendTo(b, fds[i], address)
				suite.Await(b, fds[i], suite.In)
			}
		}
		var set selectfd.Set
		b.Run(fmt.Sprintf("watched=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, fd := range fds {
					set.Add(fd)
				}
				if n, err := selectfd.Wait(&set, nil, nil, 0); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
