package selectfd_test

import (
	"testing"

	"iomux/internal/test/suite"
	"iomux/selectfd"
)

// BenchmarkWait fills its set before each wait.
func BenchmarkWait(b *testing.B) {
	suite.BenchWait(b, func(sockets []int) func() (int, error) {
		var set selectfd.Set
		return func() (int, error) {
			for _, fd := range sockets {
				set.Add(fd)
			}
			return selectfd.Wait(&set, nil, nil, 0)
		}
	})
}
