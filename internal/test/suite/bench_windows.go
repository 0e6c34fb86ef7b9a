package suite

import (
	"fmt"
	"testing"

	"golang.org/x/sys/windows"
)

// BenchWait measures the function that prepare returns. It performs one wait that does not block,
// on sockets of which the last one is ready.
func BenchWait(b *testing.B, prepare func(sockets []int) (wait func() (int, error))) {
	for _, n := range []int{1, 100, 1000, 3000} {
		sockets := make([]int, n)
		for i := range sockets {
			sockets[i] = Socket(b, windows.SOCK_DGRAM)
			address := Bind(b, sockets[i])
			if i == n-1 {
				sendTo(b, sockets[i], address)
				Await(b, sockets[i], In)
			}
		}
		wait := prepare(sockets)
		b.Run(fmt.Sprintf("watched=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := wait(); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
