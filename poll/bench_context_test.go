//go:build unix || windows

package poll_test

import (
	"context"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/poll"
)

// BenchmarkContext measures the shortest wait with a context that can be cancelled.
func BenchmarkContext(b *testing.B) {
	r, _ := suite.Pipe(b)
	for name, ctx := range map[string]context.Context{"none": context.Background(), "live": b.Context()} {
		b.Run("context="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := poll.WaitContext(ctx, []poll.FD{{FD: int32(r), Events: poll.In}}, time.Nanosecond); n != 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
