package iomux_test

import (
	"testing"

	"iomux"
	"iomux/internal/test/suite"
)

func BenchmarkPoller(b *testing.B) {
	suite.BenchWait(b, func(sockets []int) func() (int, error) {
		p := poller(b, nil)
		for _, fd := range sockets {
			_, err := p.RegisterFD(fd, iomux.Readable, fd)
			must(b, err)
		}
		events := make([]iomux.Event[int], 8)
		return func() (int, error) { return p.WaitTimeout(events, 0) }
	})
}
